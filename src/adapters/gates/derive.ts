import type { OwnReasonCode } from '../../domain/reason-codes/catalogue.js';
import type { Observation } from '../../domain/observation.js';
import { overrideOf } from '../../domain/override.js';
import { READINESS_PARTS, type ReadinessPartName } from '../../domain/readiness-parts.js';
import { judge, type Expectation, type GateResult } from '../../domain/verdict.js';
import {
  checkReadiness,
  readinessObservation,
  type ReadinessAnswers,
  type SurfaceAnswer,
} from '../../tau/readiness.js';
import { readinessReport } from '../../tau/readiness-report.js';
import type { HttpRequest } from '../../contracts/runbook-question.js';
import type { GateOutcome } from '../../contracts/gate-outcome.js';
import type { LoadedRunbook } from '../runbook/load.js';
import { surfaceOfBody } from './answer.js';
import { gateOf, type AskedGate } from './ask.js';

/** What a gate of the same round answered: its outcome, and the body where it answered. */
export interface RoundAnswer {
  readonly outcome: Pick<GateOutcome, 'kind' | 'reasonCodes' | 'detail'>;
  readonly body: Uint8Array | undefined;
}

/**
 * The readiness gate, from the same round's answers by the rules of Tau's validator. It asks nothing again; its evidence
 * is what the validator would print.
 *
 * @param answerOf the round's answer of a gate; undefined where there is none, which holds
 */
export async function deriveGate(
  loaded: LoadedRunbook,
  id: string,
  answerOf: (gate: string) => Promise<RoundAnswer | undefined>,
): Promise<AskedGate> {
  const gate = gateOf(loaded, id);
  const { readiness } = gate;
  if (readiness === undefined) throw new Error(`the gate ${id} is not derived`);
  const began = Date.now();
  const surface = async (part: ReadinessPartName): Promise<SurfaceAnswer> =>
    surfaceOf(await answerOf(readiness[part]));
  const answers: ReadinessAnswers = {
    gateway: await surface('gateway'),
    cortex: await surface('cortex'),
    operator: await surface('operator'),
  };
  const overrideOfPart = (part: ReadinessPartName) => overrideOf(loaded.overrides, readiness[part]);
  const expectation = (part: ReadinessPartName) =>
    overrideOfPart(part) ?? gateOf(loaded, readiness[part]).expect;
  const expectations = {
    gateway: expectation('gateway'),
    cortex: expectation('cortex'),
    operator: expectation('operator'),
  };
  const overridden = READINESS_PARTS.filter((part) => overrideOfPart(part) !== undefined);
  const http = gateOf(loaded, readiness.gateway).http;
  const checked = checkReadiness(answers, expectations, {
    baseUrl: http === undefined || !URL.canParse(http.url) ? '' : new URL(http.url).origin,
    authMode: authModeOf(http),
  });
  return {
    result: judgeDerived(
      id,
      readinessObservation(checked, expectations, overridden),
      gate.expect,
      overridden,
    ),
    askedAt: new Date(began).toISOString(),
    durationMs: Date.now() - began,
    tries: [],
    redactions: {},
    presentBefore: {},
    status: null,
    exitCode: null,
    files: [{ name: `${id}.txt`, bytes: Buffer.from(readinessReport(checked, overridden)) }],
  };
}

/** By the names that `promote readiness` has for them. */
function authModeOf(http: HttpRequest | undefined): 'password-session' | 'token' | 'none' {
  if (http?.session !== undefined) return 'password-session';
  return http?.bearer === undefined ? 'none' : 'token';
}

/** What is derived from an overridden part is no earned pass either. */
function judgeDerived(
  id: string,
  observation: Observation,
  expect: Expectation,
  overridden: readonly ReadinessPartName[],
): GateResult {
  const result = judge(id, observation, expect);
  return result.verdict === 'pass' && overridden.length > 0 ? { ...result, verdict: 'overridden' } : result;
}

const NO_ANSWER: OwnReasonCode = 'no_answer';
const OUTSIDE_CONTRACT: OwnReasonCode = 'answer_outside_contract';

function surfaceOf(answer: RoundAnswer | undefined): SurfaceAnswer {
  if (answer === undefined)
    return { answered: false, kind: 'malformed', code: NO_ANSWER, detail: 'no answer is recorded' };
  const { kind, reasonCodes, detail } = answer.outcome;
  // The validator's rules read the body themselves: an answer that the gate's own reader calls malformed still counts. One
  // that was cut does not, even where what came of it happens to be JSON.
  if (kind === 'answered' || (kind === 'malformed' && reasonCodes[0] === OUTSIDE_CONTRACT)) {
    const surface = answer.body === undefined ? undefined : surfaceOfBody(answer.body);
    if (surface?.answered === true) return surface;
  }
  if (kind === 'answered')
    return { answered: false, kind: 'malformed', code: NO_ANSWER, detail: 'the answer is not recorded' };
  return { answered: false, kind, code: reasonCodes[0] ?? NO_ANSWER, detail };
}
