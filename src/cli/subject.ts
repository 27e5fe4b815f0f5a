import { createHash } from 'node:crypto';

import { ClientError } from '../client.js';
import { subjectSchema, type Subject } from '../contracts/run-record.js';
import { canonicalJson } from '../domain/canonical-json.js';
import type { ApprovalView } from '../domain/messages.js';

/**
 * The subject that a digest is of, computed here: what is shown is what is signed, whoever answered.
 *
 * @throws ClientError `refused` where the answer does not hold together
 */
export function subjectOf({ text, digest }: ApprovalView, target: string): Subject {
  const subject = parsed(text);
  const own = `sha256:${createHash('sha256').update(`promotion-subject/v1\n${text}`).digest('hex')}`;
  if (subject !== undefined && own === digest && subject.target === target) return subject;
  throw new ClientError(
    'refused',
    `what the worker says of ${target} does not belong to its digest ${digest.slice(0, 80)}: decide nothing, and see who else answers on this task queue`,
  );
}

function parsed(text: string): Subject | undefined {
  try {
    const result = subjectSchema.safeParse(JSON.parse(text));
    return result.success && canonicalJson(result.data) === text ? result.data : undefined;
  } catch {
    return undefined;
  }
}
