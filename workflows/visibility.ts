import { setCurrentDetails, upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';

import type { PromotionInput, PromotionMemo, PromotionView } from '../src/domain/messages.js';
import { memoAtStart } from '../src/domain/memo.js';
import { isNameable } from '../src/domain/orders.js';
import { causesOf, concernsOf } from '../src/domain/ownership.js';
import { overridesOf } from '../src/domain/override.js';
import { isEnd } from '../src/domain/phase.js';
import { notifyPhase } from './notifying.js';
import type { Run } from './run.js';
import { tellPhase } from './telling.js';

const TARGET = defineSearchAttributeKey('PromotionTarget', 'KEYWORD');
const PHASE = defineSearchAttributeKey('PromotionPhase', 'KEYWORD');
const COMMIT = defineSearchAttributeKey('PromotionCommit', 'KEYWORD');
const TRIGGER = defineSearchAttributeKey('PromotionTrigger', 'KEYWORD');
const REQUESTER = defineSearchAttributeKey('PromotionRequester', 'KEYWORD');
const DEADLINE = defineSearchAttributeKey('PromotionDeadline', 'DATETIME');
/** On PostgreSQL a longer value made the run vanish from `list`. */
const CLIP = 255;

/** What `list` finds it by before its first word. */
export function searchAttributesAtStart(
  { target, commit, requester }: Pick<PromotionInput, 'target' | 'commit' | 'requester'>,
  phase: string,
) {
  return [
    { key: TARGET, value: target.slice(0, CLIP) },
    { key: COMMIT, value: commit.slice(0, CLIP) },
    { key: REQUESTER, value: requester.slice(0, CLIP) },
    { key: PHASE, value: phase },
  ];
}

/** Before anything acts, its record is written first; a further step waits for none. Who is to decide is told once there is a request. */
export function isToldLater({ joined, sparing, ballot, move: { state, effect } }: Run): boolean {
  if (effect.do === 'await-decision') return sparing && ballot?.epoch !== effect.epoch;
  return joined && (effect.do === 'remediate' || (effect.do === 'promote' && state.steps.length <= 1));
}

/** Memo and search attributes: what `status` and `list` see without any worker. Search attributes once a phase, not once a sample. */
export function publish(run: Run): void {
  tellPhase(run);
  const { state } = run.move;
  const memo = memoOf(run);
  // What is left to do by hand must be there without any worker, too.
  const { rollback } = run;
  const told = JSON.stringify([memo, rollback]);
  if (run.told === told) return;
  notifyPhase(run);
  run.told = told;
  publishMemo(run, memo);
  publishAttributes(run, memo.deadline);
  setCurrentDetails(`**${state.phase}** ${doingOf(run)}`);
}

/**
 * Left out where the search attributes tell all that is new, and an order can name the head that was told before. An end is always
 * told; that of a promotion once it is sealed, with the journal's last entry, by which what is missing later is missed.
 */
function publishMemo(run: Run, memo: PromotionMemo): void {
  const { rollback, ordered, phase, published } = run;
  const { waitingFor, ...rest } = memo;
  // Whoever reads it knows by the phase that nobody is waited for any more.
  const isNews = run.memo?.text !== beyondAttributes(rest, waitingFor ?? run.memo?.waitingFor, rollback);
  if (run.terse && !isNews && !isEnd(phase) && isNameable(ordered, phase, published)) return;
  run.memo = { text: beyondAttributes(rest, waitingFor, rollback), waitingFor };
  // The head moves with every record: it is told with what else is new, and an order on any newer one is as good.
  const { seq, digest } = run.journal.head;
  run.published = { seq, digest };
  upsertMemo({ promotion: seq === 0 ? memo : { ...memo, head: { seq, digest } }, rollback });
}

function beyondAttributes(
  memo: Omit<PromotionMemo, 'waitingFor'>,
  waitingFor: PromotionMemo['waitingFor'],
  rollback: Run['rollback'],
): string {
  return JSON.stringify([{ ...memo, phase: null, trigger: null, deadline: null }, waitingFor, rollback]);
}

/** Each change of them is written to the server's list of workflows anew. */
function publishAttributes(run: Run, deadline: number | null): void {
  const { phase, trigger } = run.move.state;
  const attributes = attributesOf(phase, trigger, deadline);
  if (run.sparing && run.attributes === attributes) return;
  run.attributes = attributes;
  upsertSearchAttributes([
    { key: PHASE, value: phase },
    // Whoever started it may have told one.
    ...(trigger === undefined && !run.terse ? [] : [{ key: TRIGGER, value: trigger ?? null }]),
    { key: DEADLINE, value: deadline === null ? null : new Date(deadline) },
  ]);
}

function attributesOf(phase: string, trigger: string | undefined, deadline: number | null): string {
  return JSON.stringify([phase, trigger, deadline]);
}

/** As they are once the admission is published: whoever started it may have told more. */
export function attributesAtStart(): string {
  const { typedSearchAttributes } = workflowInfo();
  const more = typedSearchAttributes.get(TRIGGER) ?? typedSearchAttributes.get(DEADLINE);
  return more === undefined ? attributesOf('validating', undefined, null) : '';
}

/** Before the run has a name of its own. */
export function publishAdmission(
  input: PromotionInput,
  ended?: { readonly end: 'stopped' | 'aborted'; readonly reason: string },
): void {
  const memo = memoAtStart(input);
  const { phase, reason } = ended === undefined ? memo : { phase: ended.end, reason: ended.reason };
  upsertMemo({ promotion: { ...memo, phase, reason } });
  upsertSearchAttributes(searchAttributesAtStart(input, phase));
}

/** Whether whoever started it has told all of that: anybody can start a workflow, and tell something else or nothing. */
export function isAdmissionPublished(input: PromotionInput): boolean {
  const { memo, typedSearchAttributes } = workflowInfo();
  const told = (key: typeof PHASE, value: string): boolean => typedSearchAttributes.get(key) === value;
  return (
    JSON.stringify(memo?.['promotion']) === JSON.stringify(memoAtStart(input)) &&
    searchAttributesAtStart(input, 'validating').every(({ key, value }) => told(key, value))
  );
}

function memoOf(run: Run): PromotionMemo {
  const overrides = overridesOf(run.plan);
  const { state, effect } = run.move;
  const waiting = state.phase === 'awaiting-approval' ? run.approvalView() : undefined;
  return {
    target: run.input.target,
    commit: run.input.commit,
    run: run.admitted.run,
    requester: run.input.requester,
    phase: state.phase,
    reason: effect.do === 'end' ? effect.reason : '',
    trigger: state.trigger ?? null,
    digest: run.ballot?.subject ?? null,
    deadline: deadlineOf(run),
    evidence: run.admitted.folder,
    ...(overrides.length === 0 ? {} : { overrides }),
    ...(isProtected(run) ? { protected: true } : {}),
    ...(waiting === undefined ? {} : { waitingFor: waiting.waitingFor }),
    gates: run.gates.map(({ gate, verdict, health, rolloutGate, reasonCodes }) => ({
      id: gate,
      verdict,
      health,
      gate: rolloutGate,
      reasonCodes,
    })),
    concerns: concernsNow(run),
  };
}

/** Whom to call about what holds now, and about a rollback that is not proven. */
function concernsNow({ plan, gates, unverified }: Run): PromotionMemo['concerns'] {
  return concernsOf(plan.ownership, causesOf(gates, unverified));
}

function isProtected({ plan }: Run): boolean {
  return plan.approval.roles?.protected === true;
}

function deadlineOf(run: Run): number | null {
  const { state } = run.move;
  if (state.phase === 'awaiting-approval') return run.ballot?.expiresAt ?? null;
  return state.phase === 'watching' ? (state.watch?.endsAt ?? null) : null;
}

function doingOf(run: Run): string {
  const { effect } = run.move;
  if ('round' in effect) return `${effect.do} ${effect.round}`;
  return effect.do === 'promote' ? `${effect.do} ${effect.step}` : effect.do;
}

/** A promotion is told once it is recorded and sealed. */
function isUntold({ move, sealing }: Run): boolean {
  return sealing && move.effect.do === 'end' && move.effect.end.startsWith('promoted');
}

function watchView({ move, plan }: Run): PromotionView['watch'] {
  const { watch } = move.state;
  if (watch === undefined) return undefined;
  const { samples, endsAt, failingStreak, unreachableStreak, last } = watch;
  const { repeatedFailing: failingLimit, unreachableLimit } = plan.watch;
  return { samples, endsAt, failingStreak, failingLimit, unreachableStreak, unreachableLimit, last };
}

export function viewOf(run: Run): PromotionView {
  const { state, effect } = run.move;
  return {
    target: run.input.target,
    commit: run.input.commit,
    run: run.admitted.run,
    requester: run.input.requester,
    subjectLine: run.admitted.subjectLine,
    identity: run.admitted.identity ?? 'asserted',
    protected: isProtected(run),
    deployment: run.admitted.deployment,
    phase: isUntold(run) ? 'watching' : state.phase,
    doing: isUntold(run) ? 'seal' : doingOf(run),
    reason: effect.do === 'end' && !isUntold(run) ? effect.reason : '',
    trigger: state.trigger,
    triggers: state.triggers,
    gates: run.gates,
    overrides: overridesOf(run.plan),
    approval: run.approvalView(),
    watch: watchView(run),
    manual: run.manual,
    unverified: run.unverified,
    concerns: concernsNow(run),
    rollback: run.rollback,
    refusals: run.refusals,
    notifications: run.outbox.deliveries,
    evidence: run.admitted.folder,
    head: run.journal.head,
    log: run.journal.lines,
  };
}
