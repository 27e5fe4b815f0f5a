import { MANUAL } from '../domain/remediation.js';
import { explainCode } from '../tau/reason-codes.js';
import { plain, type Output } from './output.js';

/** A reason code as a person reads it; of an unknown one the code is all there is. */
export interface ShownReason {
  readonly code: string;
  readonly known: boolean;
  readonly means: string;
  readonly todo: string;
  /** The repair of the shipped runbook that can help, `manual` for a person, null where nothing can. */
  readonly repair: string | null;
  /** `promote`, or the surface that gave it. */
  readonly owner: string;
}

interface Holding {
  readonly verdict: string;
  readonly reasonCodes: readonly string[];
}

/** More than a person reads at once; each is in the reference. */
const MOST = 24;
const MOST_LINES = 8;

export function shownReason(code: string): ShownReason {
  const entry = explainCode(code);
  if (entry === undefined) return { code, known: false, means: '', todo: '', repair: null, owner: '' };
  const { means, todo, repair, owner } = entry;
  return { code, known: true, means, todo, repair: repair ?? null, owner };
}

/** The codes of what holds, and of why it ended or rolled back; each once, in order. */
export function reasonsOf(gates: readonly Holding[], ...why: readonly (string | null)[]): ShownReason[] {
  const held = gates
    .filter(({ verdict }) => verdict !== 'pass' && verdict !== 'overridden')
    .flatMap(({ reasonCodes }) => reasonCodes);
  // A reason may go on after its code: `prerequisite_not_met: …`.
  const codes = [...why.flatMap((reason) => (reason === null ? [] : reason.split(': ', 1))), ...held];
  return [...new Set(codes)].slice(0, MOST).map(shownReason);
}

/** One line a known code: what it means and what to do. */
export function reasonLines(output: Output, reasons: readonly ShownReason[]): string[] {
  const known = reasons.filter(({ known }) => known);
  const lines = known.slice(0, MOST_LINES).map((reason) => {
    return `${output.paint('dim', plain(reason.code, 80))}  ${plain(sentence(reason))}`;
  });
  const more = known.length - lines.length;
  return more > 0 ? [...lines, `and ${more} more: \`promote explain CODE\``] : lines;
}

/** `what was seen; what to do (promote gateway-start can help)`. */
export function sentence({ means, todo, repair }: ShownReason): string {
  const helps = repair === null || repair === MANUAL ? '' : ` (the repair ${repair} does)`;
  return `${means}${todo === '' ? '' : `: ${todo}`}${helps}`;
}
