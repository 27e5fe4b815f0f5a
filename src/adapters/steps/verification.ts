import type { RollbackOutcome } from '../../contracts/step-record.js';
import { expectableStatus, type RollbackStep } from '../../contracts/runbook-steps.js';
import type { OwnReasonCode } from '../../domain/reason-codes/catalogue.js';
import { valueAtPointer } from '../../readers/json-pointer.js';
import type { KnownRun } from '../evidence/run-evidence.js';
import { askGate } from '../gates/ask.js';
import { parseJsonBody } from '../json-body.js';
import { probe, type Asking } from '../probe.js';
import type { LoadedRunbook } from '../runbook/load.js';
import { branchContent } from './branch-content.js';
import type { GitTools } from './git-steps.js';

type Verification = NonNullable<RollbackStep['verify']>;

const MAX_ANSWER_BYTES = 512 * 1024;
const SHOWN_LENGTH = 80;

/**
 * Asks the system whether a rollback step is in effect: by a gate's posture, by an answer over HTTP, or by what the branch
 * holds. Changes nothing.
 */
export async function verifyStep(
  tools: GitTools,
  known: KnownRun,
  step: RollbackStep,
  asking: Asking,
): Promise<RollbackOutcome> {
  const { verify } = step;
  if (verify?.gate !== undefined) return verifyByGate(known.loaded, step, asking);
  if (verify?.http !== undefined) return verifyByHttp(verify, step.deadline, asking);
  if (verify?.branch !== undefined) return branchContent(tools, known, step, asking.signal);
  return notVerified('no_verification', `${step.id} says not how it is verified`);
}

/** By the gate that the step names: its rollout gate and reason codes must be the expected ones. */
export async function verifyByGate(
  loaded: LoadedRunbook,
  { id, verify }: RollbackStep,
  asking: Asking,
): Promise<RollbackOutcome> {
  if (verify?.gate === undefined || verify.expect === undefined)
    return notVerified('no_verification', `${id} says not how it is verified`);
  const { gate, expect } = verify;
  const { result } = await askGate(loaded, gate, asking);
  if (result.kind !== 'answered')
    return notVerified(result.kind, `${gate} gives no answer (${result.reasonCodes.join(', ')})`);
  const missing = expect.reasonCodes.filter((code) => !result.reasonCodes.includes(code));
  const seen = `${gate} says ${result.rolloutGate} (${result.reasonCodes.join(', ')})`;
  return result.rolloutGate === expect.gate && missing.length === 0
    ? verified(seen)
    : notVerified('not_in_effect', `${seen}, expected ${expect.gate} (${expect.reasonCodes.join(', ')})`);
}

/** By an answer of its own: the status is an expected one, and every named value is the expected one. */
async function verifyByHttp(
  { http, answers }: Verification,
  deadlineMs: number,
  asking: Asking,
): Promise<RollbackOutcome> {
  const question = {
    http,
    command: undefined,
    deadlineMs,
    maxBytes: MAX_ANSWER_BYTES,
    expectStatus: answers?.status,
  };
  const probed = await probe(question, asking);
  if (probed.kind !== 'answered') {
    const code =
      answers?.status !== undefined && tellsOfSystem(probed.status) ? 'not_in_effect' : probed.kind;
    return notVerified(code, probed.detail);
  }
  const values = Object.entries(answers?.values ?? {});
  if (values.length === 0) return verified('the answer has an expected status');
  const json = parseJsonBody(probed.body);
  if (json.kind === 'malformed') return notVerified('malformed', json.detail);
  const seen = values.map(([pointer, expected]) => ({
    pointer,
    expected,
    value: valueAtPointer(json.value, pointer),
  }));
  const wrong = seen.filter(({ value, expected }) => value !== expected);
  if (wrong.length === 0)
    return verified(seen.map(({ pointer, value }) => `${pointer} is ${shown(value)}`).join(', '));
  const told = wrong.map(
    ({ pointer, value, expected }) => `${pointer} is ${shown(value)}, expected ${shown(expected)}`,
  );
  return notVerified('not_in_effect', told.join('; '));
}

/** A status that was not expected is an answer all the same, unless it says that the question was wrong or came too often. */
function tellsOfSystem(status: number | undefined): boolean {
  return status !== undefined && expectableStatus(status);
}

function shown(value: unknown): string {
  if (value === undefined) return 'not there';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return JSON.stringify(value).slice(0, SHOWN_LENGTH);
}

function verified(detail: string): RollbackOutcome {
  return { verified: true, code: 'verified', detail };
}

function notVerified(code: OwnReasonCode, detail: string): RollbackOutcome {
  return { verified: false, code, detail };
}
