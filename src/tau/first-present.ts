import { isJsonObject } from './answer.js';
import { present } from './present.js';
import { MAX_REASON_CODES, reasonCode, reasonCodeList } from '../domain/text.js';

/** What Tau's validator reads from one answer; a text is empty where the answer has none. */
export interface ReadinessValues {
  readonly health: string;
  readonly gate: string;
  readonly reasons: readonly string[];
}

/** "First present one" of each (docs/reference/tau.md, "First present"). */
export function gatewayValues(body: unknown): ReadinessValues {
  const first = (...paths: readonly string[]) => textOf(firstValue(body, paths));
  return {
    health: textOf(firstValue(body, ['health_state', 'events.health_state']) ?? healthOfService(body)),
    gate: first('rollout_gate', 'service.rollout_gate', 'events.rollout_gate'),
    reasons: reasonCodeList([
      first(
        'rollout_reason_code',
        'reason_code',
        'service.rollout_reason_code',
        'service.guardrail_reason_code',
        'events.reason_code',
        'events.rollout_reason_code',
      ),
    ]),
  };
}

/** Cortex is read at its top level only. */
export function cortexValues(body: unknown): ReadinessValues {
  return {
    health: textAt(body, 'health_state'),
    gate: textAt(body, 'rollout_gate'),
    reasons: reasonCodeList([textAt(body, 'reason_code')]),
  };
}

/** The operator summary is read at its top level only; an empty reason code is none. */
export function operatorValues(body: unknown): ReadinessValues {
  const codes = valueAt(body, ['reason_codes']);
  return {
    health: textAt(body, 'health_state'),
    gate: textAt(body, 'rollout_gate'),
    reasons: reasonCodeList(Array.isArray(codes) ? codes.slice(0, MAX_REASON_CODES).map(textOf) : []),
  };
}

/** Only where no health is present at all: one that is empty, or a list or an object, is there and is none. */
function healthOfService(body: unknown): 'healthy' | undefined {
  return textAt(body, 'service', 'service_status') === 'running' ? 'healthy' : undefined;
}

function firstValue(body: unknown, paths: readonly string[]): unknown {
  for (const path of paths) {
    const value = valueAt(body, path.split('.'));
    if (value !== undefined) return value;
  }
  return undefined;
}

function textAt(body: unknown, ...path: readonly string[]): string {
  return textOf(valueAt(body, path));
}

/** `undefined` where the path leads nowhere, and for null and false: they count as absent. */
function valueAt(body: unknown, path: readonly string[]): unknown {
  let value = body;
  for (const key of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return present(value);
}

/**
 * Numbers and true print as jq prints them; a list or an object is no word and no reason code. A text that cannot be
 * shown as it is must not turn into the expected word by being cleaned.
 */
function textOf(value: unknown): string {
  if (typeof value === 'string') return reasonCode(value) === value ? value : UNPRINTABLE_TEXT;
  return typeof value === 'number' || value === true ? String(value) : '';
}

const UNPRINTABLE_TEXT = '(unprintable)';
