import { createHash } from 'node:crypto';

import { valueAtPointer } from '../readers/json-pointer.js';
import { probeHttp, type HttpQuestion, type HttpTry } from './http-probe.js';
import { parseJsonBody } from './json-body.js';
import { isRedactable, type Redactor } from './redaction.js';
import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import { SESSION_NAMES, type Sessions } from './sessions.js';

export interface SessionQuestion {
  /** How a token is asked for; asking twice does no harm, and is done after a transient fault unless it says otherwise. */
  readonly question: HttpQuestion;
  /** JSON Pointer to the token in the answer. */
  readonly token: string;
}

export type SessionToken =
  | {
      readonly kind: 'token';
      readonly token: string;
      readonly remembered: boolean;
      readonly tries: readonly HttpTry[];
    }
  | {
      readonly kind: 'unreachable' | 'malformed' | 'misconfigured';
      readonly code: OwnReasonCode;
      /** One line for a person; nothing that the endpoint said. */
      readonly detail: string;
      readonly tries: readonly HttpTry[];
    };

const SESSION_BYTES = 64 * 1024;

/** A password or the like as JSON, sent to the address itself and to no other. */
export function sessionQuestion(
  { url, json, token }: { readonly url: string; readonly json: unknown; readonly token: string },
  limits: Pick<HttpQuestion, 'ca' | 'deadlineMs' | 'signal' | 'repeatable'>,
): SessionQuestion {
  return {
    question: {
      ...limits,
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
      bearer: undefined,
      allowedOrigins: URL.canParse(url) ? [new URL(url).origin] : [],
      maxBytes: SESSION_BYTES,
    },
    token,
  };
}

/**
 * The token that is in memory, or a new one. What the endpoint answers is never kept: it is the secret.
 *
 * @param secrets names of those that are removed beside it: a token that is part of one's marker could not be
 */
export async function sessionToken(
  asked: SessionQuestion,
  sessions: Sessions,
  secrets: readonly string[],
): Promise<SessionToken> {
  const key = keyOf(asked);
  const remembered = sessions.tokenOf(key);
  if (remembered !== undefined) return { kind: 'token', token: remembered, remembered: true, tries: [] };
  const answer = await probeHttp({ repeatable: true, ...asked.question }, { redact: AS_IT_IS });
  const tries = answer.tries.map((each) => ({ ...each, outcome: `session:${each.outcome}` }));
  if (answer.kind !== 'answered') {
    const { kind, code } = answer;
    return { kind, code, detail: `asking for a session: ${code}`, tries };
  }
  const json = parseJsonBody(answer.body);
  const token = json.kind === 'json' ? valueAtPointer(json.value, asked.token) : undefined;
  if (typeof token !== 'string' || !isUsable(token, secrets, sessions))
    return {
      kind: 'malformed',
      code: 'session_token_missing',
      detail: `asking for a session: no usable token (12 characters or more, 3 of them digits or capitals, no word of ours) at ${asked.token} of the answer`,
      tries,
    };
  sessions.keep(key, token);
  return { kind: 'token', token, remembered: false, tries };
}

export function dropToken(asked: SessionQuestion, token: string, sessions: Sessions): void {
  sessions.drop(keyOf(asked), token);
}

/** Another password is another session; the key must not hold it. */
function keyOf({ question, token }: SessionQuestion): string {
  const asked = JSON.stringify([question.url, question.body, question.ca, token]);
  return createHash('sha256').update(asked).digest('hex');
}

/** It must fit a header, and be long enough to be found and removed wherever it turns up. */
function isUsable(token: string, secrets: readonly string[], { toldToAll }: Sessions): boolean {
  return (
    /^[\x21-\x7e]{8,4096}$/.test(token) &&
    isRedactable('session', token, [...SESSION_NAMES, ...secrets]) &&
    (!toldToAll || !isLikeAWord(token))
  );
}

/** A word, such as `unreachable`, or a step's name, removed from all that is told, would rewrite what is told of every watch. */
function isLikeAWord(token: string): boolean {
  return token.length < 12 || !/(?:[A-Z0-9].*){3}/.test(token);
}

/** The answer is read here and nowhere else: redacted, it would not be the token any more. */
const AS_IT_IS: Redactor = Object.assign((text: string) => ({ text, redactions: {}, presentBefore: {} }), {
  bytes: (bytes: Uint8Array) => ({ bytes, redactions: {}, presentBefore: {} }),
  longestVariantBytes: 0,
});
