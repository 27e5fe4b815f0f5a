import { basename } from 'node:path';

import type { Question } from '../asking.js';
import { MAX_ANSWER_BYTES } from '../gates/answer.js';
import { shownUrl } from '../http-address.js';
import { literal, type Credentials } from './credentials.js';
import { AGENT_QUESTIONS, type AgentQuestion } from './operator-command.js';

/** One question, and how it is told to a person. */
export interface ReadinessQuestion {
  readonly asked: string;
  readonly question: Question;
}

const PATHS = { 'gateway-status': '/gateway/status', 'cortex-status': '/cortex/status' } as const;
export type StatusQuestion = keyof typeof PATHS;

/** Asked once: an answer that may come a moment later is the next call's. */
export function statusQuestion(
  id: StatusQuestion,
  { baseUrl, timeoutMs }: { readonly baseUrl: string; readonly timeoutMs: number },
  { bearer }: Credentials,
): ReadinessQuestion {
  const url = addressOf(baseUrl, PATHS[id]);
  const http = { method: 'GET', url: literal(url), headers: {}, bearer } as const;
  return {
    asked: `GET ${shownUrl(url)}`,
    question: {
      http,
      command: undefined,
      deadlineMs: timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      repeatable: false,
    },
  };
}

export function agentQuestion(
  id: AgentQuestion,
  operator: { readonly command: readonly string[]; readonly workingDirectory: string },
  environment: readonly string[],
  timeoutMs: number,
): ReadinessQuestion {
  const command = {
    argv: [...operator.command, ...AGENT_QUESTIONS[id]],
    workingDirectory: operator.workingDirectory,
    environment: [...environment],
  };
  return {
    asked: basename(operator.command[0] ?? ''),
    question: { http: undefined, command, deadlineMs: timeoutMs, maxBytes: MAX_ANSWER_BYTES },
  };
}

/** Where an `access_token` is given for the password. */
export function sessionAddress(baseUrl: string): string {
  return addressOf(baseUrl, '/gateway/auth/session');
}

const WITHOUT_SCHEME = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d+)?(?:\/|$)/i;

/**
 * As the validator puts it together; without a scheme it is http, as for curl. Empty where the base is no address by
 * itself, since a path that became its host would be sent the token; and where an `@` stands behind the host: what is before
 * it is then the first part of a password, and not a host.
 */
function addressOf(baseUrl: string, path: string): string {
  const whole = WITHOUT_SCHEME.test(baseUrl) ? `http://${baseUrl}` : baseUrl;
  const address = `${whole.replace(/\/$/, '')}${path}`;
  const [base, asked] = [whole, address].map((text) => (URL.canParse(text) ? new URL(text) : undefined));
  const isHttp = base?.protocol === 'http:' || base?.protocol === 'https:';
  const isWhole = isHttp && base.host === asked?.host;
  return isWhole && !`${base.pathname}${base.search}${base.hash}`.includes('@') ? address : '';
}
