import type { NotAnswered, Observation } from '../domain/observation.js';
import { HEALTHS, ROLLOUT_GATES, worstHealth, type Health, type RolloutGate } from '../domain/posture.js';
import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import { MAX_REASON_CODES, reasonCodeList } from '../domain/text.js';
import { firstPresent } from './json-pointer.js';
import { outsideContract } from './outside-contract.js';

/** Where one part of the posture stands in an answer, and what its values mean. */
export interface Field<Word extends string> {
  /** JSON Pointers (RFC 6901); the first that is there and not null counts. */
  readonly at: readonly string[];
  /** From what the answer says, as text, to the word that it means. Left out: the answer says the words themselves. */
  readonly values?: Readonly<Record<string, Word>> | undefined;
}

/** How any system's JSON becomes a posture. */
export interface Fields {
  readonly health: Field<Health>;
  /** Left out: the gate passes if and only if the health is healthy. */
  readonly gate?: Field<RolloutGate> | undefined;
  /** Left out: the health is the reason, as `health_healthy`. Codes without a mapping stay as they came. */
  readonly reasons?: Field<string> | undefined;
}

type Found<Word> =
  | { readonly kind: 'found'; readonly word: Word }
  | { readonly kind: 'absent' }
  | { readonly kind: 'outside'; readonly observation: NotAnswered };

/**
 * Reads the fields that the runbook names. A value that it gives no meaning is outside the contract; a field that is not
 * there is no data, which is never a pass: it holds, with a code that says which part was missing.
 */
export function readFields(fields: Fields, body: unknown): Observation {
  const health = wordOf(fields.health, HEALTHS, body);
  if (health.kind === 'outside') return health.observation;
  const gate = fields.gate === undefined ? gateOf(health) : wordOf(fields.gate, ROLLOUT_GATES, body);
  if (gate.kind === 'outside') return gate.observation;
  const reasons = reasonsOf(fields.reasons, body);
  if (reasons.kind === 'outside') return reasons.observation;

  const missing: readonly OwnReasonCode[] = [
    ...(health.kind === 'absent' ? (['health_no_data'] as const) : []),
    ...(gate.kind === 'absent' && fields.gate !== undefined ? (['gate_no_data'] as const) : []),
  ];
  const said = health.kind === 'found' ? health.word : 'unknown';
  const codes = reasons.kind === 'found' ? reasons.word : [];
  const derived: readonly OwnReasonCode[] =
    fields.reasons === undefined && health.kind === 'found' ? [`health_${said}`] : [];
  return {
    kind: 'answered',
    posture: {
      // What is failing stays failing; all else is unknown where a part is missing.
      health: missing.length === 0 ? said : worstHealth([said, 'unknown']),
      gate: gate.kind === 'found' && missing.length === 0 ? gate.word : 'hold',
      reasonCodes: reasonCodeList([...codes, ...derived, ...missing]),
    },
    recommendations: [],
  };
}

function gateOf(health: Found<Health>): Found<RolloutGate> {
  if (health.kind !== 'found') return { kind: 'absent' };
  return { kind: 'found', word: health.word === 'healthy' ? 'pass' : 'hold' };
}

function wordOf<Word extends string>(
  { at: pointers, values }: Field<Word>,
  words: readonly Word[],
  body: unknown,
): Found<Word> {
  const present = firstPresent(body, pointers);
  if (present === undefined) return { kind: 'absent' };
  const text = textOf(present.value);
  if (text === undefined) return outside(present.at, 'is neither text, number, true nor false');
  const word = values === undefined ? words.find((known) => known === text) : ownValue(values, text);
  return word === undefined
    ? outside(present.at, 'says what the runbook gives no meaning')
    : { kind: 'found', word };
}

/** One code, or a list of them. */
function reasonsOf(field: Field<string> | undefined, body: unknown): Found<readonly string[]> {
  const present = field === undefined ? undefined : firstPresent(body, field.at);
  if (field === undefined || present === undefined) return { kind: 'absent' };
  const listed: readonly unknown[] = Array.isArray(present.value) ? present.value : [present.value];
  const codes: string[] = [];
  for (const item of listed.slice(0, MAX_REASON_CODES)) {
    const text = textOf(item);
    if (text === undefined) return outside(present.at, 'is no reason code and no list of them');
    codes.push((field.values === undefined ? undefined : ownValue(field.values, text)) ?? text);
  }
  return { kind: 'found', word: codes };
}

function outside(at: string, what: string): Found<never> {
  return { kind: 'outside', observation: outsideContract(at, what) };
}

function ownValue<Word>(values: Readonly<Record<string, Word>>, key: string): Word | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
