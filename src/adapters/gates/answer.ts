import type { SurfaceAnswer } from '../../tau/readiness.js';
import { parseJsonBody } from '../json-body.js';
import type { Probed } from '../probe.js';

/** Tau's largest answer has 8 KiB. Redacting a hostile megabyte would hold up every heartbeat of the worker. */
export const MAX_ANSWER_BYTES = 512 * 1024;

/** How an answer is kept, redacted: the answer first, then what a command said beside it. */
export function answerFiles(
  id: string,
  { body, stderr, tries }: Pick<Probed, 'body' | 'stderr' | 'tries'>,
): readonly { readonly name: string; readonly bytes: Uint8Array }[] {
  const asJson = parseJsonBody(body).kind === 'json';
  const answer = { name: `${id}.${asJson ? 'json' : 'txt'}`, bytes: body };
  const said = stderr.byteLength === 0 ? [] : [{ name: `${id}.stderr.txt`, bytes: stderr }];
  return tries.length === 0 ? [] : [answer, ...said];
}

/** A body as the validator's rules get it; they read whatever is JSON. */
export function surfaceOfBody(body: Uint8Array): SurfaceAnswer {
  const json = parseJsonBody(body);
  return json.kind === 'json'
    ? { answered: true, body: json.value }
    : { answered: false, kind: 'malformed', code: json.code, detail: json.detail };
}
