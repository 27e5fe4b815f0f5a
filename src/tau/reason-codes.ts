import { ownReasonCode } from '../domain/reason-codes/catalogue.js';
import type { ReasonCodeEntry } from '../domain/reason-codes/entry.js';
import { DERIVED_REASON_CODES, TAU_REASON_CODES } from './reason-code-tables.js';

/**
 * The catalogue's entry of a code, Tau's or ours; undefined for an unknown one, which is shown as it came. Of
 * `component:code` the last part that is known counts: `operator:gateway:service_stopped` is `service_stopped`.
 */
export function explainCode(code: string): ReasonCodeEntry | undefined {
  const known = TAU.get(code) ?? ownReasonCode(code);
  const colon = code.indexOf(':');
  return known ?? (colon < 1 ? undefined : explainCode(code.slice(colon + 1)));
}

const TAU: ReadonlyMap<string, ReasonCodeEntry> = new Map([
  ...Object.entries<ReasonCodeEntry>(TAU_REASON_CODES),
  ...Object.entries<ReasonCodeEntry>(DERIVED_REASON_CODES),
]);
