import { ACTIONS, refuseAction, type Action, type End, type Phase } from './phase.js';
import { statementText, type ControlStatement, type StatementHead } from './statement.js';

/** What is remembered of orders, so that each works once, and on what was seen when it was given. */
export interface OrdersTaken {
  /** Phases as they were entered, oldest first, with the journal's number then. */
  readonly phases: readonly { readonly phase: Phase | End; readonly seq: number }[];
  /** Orders that were taken, as their canonical text, oldest first. */
  readonly taken: readonly string[];
}

/** So many are remembered; who repeats an older one is refused, for the promotion has moved on. */
const REMEMBERED = 16;
const PHASES_REMEMBERED = 32;

export const NO_ORDERS: Readonly<OrdersTaken> = { phases: [], taken: [] };

export function enteredPhase(orders: OrdersTaken, phase: Phase | End, seq: number): OrdersTaken {
  return { ...orders, phases: [...orders.phases, { phase, seq }].slice(-PHASES_REMEMBERED) };
}

export function took(orders: OrdersTaken, statement: ControlStatement): OrdersTaken {
  return { ...orders, taken: [...orders.taken, statementText(statement)].slice(-REMEMBERED) };
}

/** The same bytes again: the answer is the one that they were given. */
export function isTaken({ taken }: OrdersTaken, statement: ControlStatement): boolean {
  return taken.includes(statementText(statement));
}

/**
 * An order is about what its giver saw: it names a head of this run's journal, from the time on since which the phase takes
 * it. So an order that was held back can't be used on what came later.
 *
 * @param heads the newest heads of the journal
 */
export function refuseHead(
  { phases }: OrdersTaken,
  heads: readonly StatementHead[],
  action: Action,
  head: StatementHead | undefined,
): 'other_head' | undefined {
  if (head === undefined) return 'other_head';
  const isOurs = heads.some(({ seq, digest }) => seq === head.seq && digest === head.digest);
  const since = phases.findLastIndex(({ phase }) => refuseAction(action, phase) !== undefined) + 1;
  const from = phases.length === 0 ? 0 : (phases[since]?.seq ?? Number.POSITIVE_INFINITY);
  return isOurs && head.seq >= from ? undefined : 'other_head';
}

/**
 * Whether whoever orders something in this phase may name this head: then they need not be told a newer one. What the workflow
 * writes depends on it, so a change of the table of orders needs a patch, as one of the workflow does.
 */
export function isNameable(orders: OrdersTaken, phase: Phase | End, head: StatementHead): boolean {
  return ACTIONS.filter((action) => refuseAction(action, phase) === undefined).every(
    (action) => refuseHead(orders, [head], action, head) === undefined,
  );
}
