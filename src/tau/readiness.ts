import type { NotAnswered, Observation, SilenceCode } from '../domain/observation.js';
import { HEALTHS, ROLLOUT_GATES, worstHealth, type Health } from '../domain/posture.js';
import { READINESS_PARTS, type ReadinessPartName } from '../domain/readiness-parts.js';
import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import { cortexValues, gatewayValues, operatorValues, type ReadinessValues } from './first-present.js';
import { detailLine, reasonCode, reasonCodeList } from '../domain/text.js';

/** A surface that gave no answer, with the code that is on record. */
type Silence = Omit<NotAnswered, 'code'> & { readonly code: string };

/** How a surface answered: with a decoded JSON body, or not at all. */
export type SurfaceAnswer =
  { readonly answered: true; readonly body: unknown } | ({ readonly answered: false } & Silence);

/** The words that a surface must say. An `Expectation` is one; the validator's options take any word. */
export interface ReadinessExpectation {
  readonly health: string;
  readonly gate: string;
}

export type ReadinessAnswers = Readonly<Record<ReadinessPartName, SurfaceAnswer>>;
export type ReadinessExpectations = Readonly<Record<ReadinessPartName, ReadinessExpectation>>;

/** One surface, checked: the values that the validator reads, and what it says against them. */
export interface ReadinessPart {
  readonly surface: ReadinessPartName;
  readonly outcome: ({ readonly kind: 'answered' } & ReadinessValues) | Silence;
  /** `error: …` lines in the validator's order: reason, health, gate. Empty where the part passes. */
  readonly problems: readonly string[];
}

export interface ReadinessResult {
  readonly baseUrl: string;
  readonly authMode: string;
  /** Always three, in the validator's order. */
  readonly parts: readonly ReadinessPart[];
}

const READ = { gateway: gatewayValues, cortex: cortexValues, operator: operatorValues } as const;

/**
 * The contract of Tau's validator, `operator-readiness-live-check.sh`, on answers that are already there. Where the
 * validator stops at its first error line, this goes on: the first problem is the validator's own.
 */
export function checkReadiness(
  answers: ReadinessAnswers,
  expectations: ReadinessExpectations,
  asked: {
    readonly baseUrl: string;
    readonly authMode: string;
    /** A secret in the answers could not be removed: of their values no text is shown that they may have it in. */
    readonly withheld?: boolean;
  },
): ReadinessResult {
  const show = asked.withheld === true ? knownWords : asItIs;
  const parts = READINESS_PARTS.map((surface) =>
    checkPart(surface, answers[surface], expectations[surface], show),
  );
  return { baseUrl: asked.baseUrl, authMode: asked.authMode, parts };
}

export function isReady(result: ReadinessResult): boolean {
  return result.parts.every(({ problems }) => problems.length === 0);
}

type Show = (values: ReadinessValues, expected: ReadinessExpectation) => ReadinessValues;

const asItIs: Show = (values) => values;
const WITHHELD = '(withheld)';

function known(word: string, words: readonly string[]): string {
  return word === '' || words.includes(word) ? word : WITHHELD;
}

/** Words of the contract, and what the caller expects; of reasons alone how many there are. */
const knownWords: Show = ({ health, gate, reasons }, expected) => {
  return {
    health: known(health, [...HEALTHS, expected.health]),
    gate: known(gate, [...ROLLOUT_GATES, expected.gate]),
    reasons: reasons.map(() => WITHHELD),
  };
};

function checkPart(
  surface: ReadinessPartName,
  answer: SurfaceAnswer,
  expected: ReadinessExpectation,
  show: Show,
): ReadinessPart {
  if (!answer.answered) {
    const { kind, code, detail } = answer;
    const problem = detailLine(`error: ${TITLES[surface]} ${kind} (${code}): ${detail}`);
    const problems = SAYS_NOTHING.includes(code) ? [MISSING[surface], problem] : [problem];
    return { surface, outcome: { kind, code, detail }, problems };
  }
  const values = READ[surface](answer.body);
  const shown = show(values, expected);
  return {
    surface,
    outcome: { kind: 'answered', ...shown },
    problems: problemsOf(surface, values, expected, shown),
  };
}

const TITLES = {
  gateway: 'gateway status',
  cortex: 'cortex status',
  operator: 'operator control summary',
} as const;
const MISSING = {
  gateway: 'error: gateway status response missing rollout reason code',
  cortex: 'error: cortex status response missing reason_code',
  operator: 'error: operator control summary response missing reason_codes',
} as const;

/** An answer without a word is one without a reason code to the validator: its line goes first. */
const SAYS_NOTHING: readonly string[] = ['answer_empty', 'command_no_output'] satisfies OwnReasonCode[];

/** The wording is the validator's: people and their scripts look for it. An absent word never matches. */
function problemsOf(
  surface: ReadinessPartName,
  { health, gate, reasons }: ReadinessValues,
  expected: ReadinessExpectation,
  shown: ReadinessValues,
): readonly string[] {
  const title = TITLES[surface];
  const label = surface === 'operator' ? 'reason_codes' : 'reason';
  const problems: string[] = [];
  if (reasons.length === 0) problems.push(MISSING[surface]);
  if (health === '' || health !== expected.health)
    problems.push(`error: ${title} health_state expected '${expected.health}' but got '${shown.health}'`);
  if (gate === '' || gate !== expected.gate)
    problems.push(
      `error: ${title} rollout_gate='${shown.gate}' expected '${expected.gate}' (${label}='${shown.reasons.join(',')}')`,
    );
  return problems;
}

/**
 * The derived readiness gate. It passes where every part is as it is expected to be; its runbook expectation is always
 * healthy and pass. Its reasons name the parts of which something else is expected than the runbook says. It is
 * "misconfigured only if every holding part is" (docs/reference/tau.md, "Readiness").
 */
export function readinessObservation(
  result: ReadinessResult,
  expectations: ReadinessExpectations,
  overridden: readonly ReadinessPartName[] = [],
): Observation {
  const holding = result.parts.filter(({ problems }) => problems.length > 0);
  if (holding.length === 0) return derived('healthy', 'pass', passCodes(overridden));
  const healths = holding.flatMap((part) => healthOf(part, expectations[part.surface]));
  if (healths.length > 0) return derived(worstHealth(healths), 'hold', holding.flatMap(codesOf));
  return silence(holding);
}

function passCodes(overridden: readonly ReadinessPartName[]): readonly string[] {
  const passed: OwnReasonCode = 'readiness_passed';
  const otherwise: OwnReasonCode = 'expectation_overridden';
  return [passed, ...overridden.map((surface) => `${surface}:${otherwise}`)];
}

function derived(health: Health, gate: 'pass' | 'hold', codes: readonly string[]): Observation {
  return {
    kind: 'answered',
    posture: { health, gate, reasonCodes: reasonCodeList(codes) },
    recommendations: [],
  };
}

/** "Failing where failing is expected is a hold": it must not make the readiness gate read failing. */
function healthOf({ outcome }: ReadinessPart, expected: ReadinessExpectation): readonly Health[] {
  if (outcome.kind !== 'answered') return [];
  if (outcome.health === 'failing' && expected.health === 'failing') return ['degraded'];
  return [HEALTHS.find((health) => health === outcome.health) ?? 'unknown'];
}

function codesOf({ surface, outcome }: ReadinessPart): readonly string[] {
  if (outcome.kind !== 'answered') return [`${surface}:${outcome.code}`];
  const missing: OwnReasonCode = 'reason_codes_missing';
  const codes = outcome.reasons.length === 0 ? [missing] : outcome.reasons;
  return codes.map((code) => `${surface}:${code}`);
}

/** No holding part answered. An answer that may still come outranks one that is wrong, and both a wrong question. */
function silence(holding: readonly ReadinessPart[]): Observation {
  const parts = holding.flatMap(({ surface, outcome }) =>
    outcome.kind === 'answered' ? [] : [{ surface, ...outcome }],
  );
  const kinds = ['unreachable', 'malformed', 'misconfigured'] as const;
  const kind = kinds.find((kind) => parts.some((part) => part.kind === kind)) ?? 'malformed';
  const first = parts.find((part) => part.kind === kind);
  const code: SilenceCode =
    first === undefined ? 'readiness_unknown' : `${first.surface}:${reasonCode(first.code)}`;
  const detail = detailLine(parts.map(({ surface, detail }) => `${surface}: ${detail}`).join('; '));
  return { kind, code, detail };
}
