import type { PromotionStatus } from '../client.js';
import type { ApprovalView } from '../domain/messages.js';
import type { Concern } from '../domain/ownership.js';
import { overrideText } from '../domain/override.js';
import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import { plain, type Output, type Style } from './output.js';
import { reasonLines } from './reason-codes.js';
import {
  abandonedWhile,
  deadlineOf,
  isOpen,
  gatesOf,
  nextSteps,
  overridesIn,
  phaseOf,
  rollbackOrder,
  type ShownGate,
  type ShownPhase,
  type StatusDocument,
} from './status-document.js';

const PHASE_STYLES: Partial<Record<ShownPhase, Style>> = {
  promoted: 'green',
  'promoted-with-warnings': 'yellow',
  'awaiting-approval': 'cyan',
  stopped: 'yellow',
  'rolling-back': 'red',
  'rolled-back': 'red',
  'rollback-failed': 'red',
  'rollback-acknowledged': 'red',
  abandoned: 'red',
};

export function paintPhase(output: Output, phase: ShownPhase): string {
  const style = PHASE_STYLES[phase];
  return style === undefined ? phase : output.paint(style, phase);
}

/** One aligned line a gate: verdict, id, what it said, its reason codes. */
export function gateLines(output: Output, gates: readonly ShownGate[]): string[] {
  const width = Math.max(0, ...gates.map(({ id }) => id.length));
  return gates.map(({ id, verdict, health, gate, reasonCodes }) => {
    const posture = plain(`${health}/${gate}`).padEnd(13);
    const codes = output.paint('dim', plain(reasonCodes.join(', '), 120));
    const mark =
      verdict === 'overridden' ? output.paint('yellow', overriddenMark(health, gate, reasonCodes)) : '';
    return `${paintVerdict(output, verdict)}  ${plain(id).padEnd(width)}  ${posture}  ${mark}${codes}`.trimEnd();
  });
}

/** A pass that nobody earned, told as such. */
function overriddenMark(health: string, gate: string, reasonCodes: readonly string[]): string {
  const own: OwnReasonCode = 'expectation_overridden';
  return reasonCodes.includes(own)
    ? `pass (expected ${plain(health)}/${plain(gate)}, overridden)  `
    : 'pass (of overridden parts)  ';
}

function paintVerdict(output: Output, verdict: string): string {
  if (verdict === 'overridden') return output.paint('yellow', 'OVER');
  return verdict === 'pass' ? output.paint('green', 'pass') : output.paint('red', 'HOLD');
}

/** The human form of `status`. */
export function statusLines(
  output: Output,
  status: PromotionStatus,
  shown: StatusDocument,
  now: number,
): string[] {
  const rows: [string, string | null][] = [
    ['commit', shown.commit],
    ['run', shown.run],
    ['requester', shown.identity === null ? shown.requester : `${shown.requester} (${shown.identity})`],
    ['doing', status.execution === 'RUNNING' ? shown.doing : null],
    ['reason', shown.reason],
    ['trigger', shown.trigger],
    ['overridden', overridesIn(status).map(overrideText).join(', ') || null],
    ['decides on', shown.digest],
    ['deadline', deadlineLine(deadlineOf(status), now)],
    ...voteRows(status),
    ['to do', manualLine(status)],
    ['watch', watchLine(status)],
    ['evidence', shown.evidence],
    ...leftBehindLines(status),
    ...shown.unverified.map((step): [string, string] => ['unverified', step]),
    ...concernLines(shown.concerns).map((line): [string, string] => ['call', line]),
    ...rollbackRows(status),
    ['blocked', blockedLine(status)],
    ['untold', untoldLine(status)],
    ['worker', status.workerAnswers ? null : 'none answers: this is what Temporal recorded last'],
    ['next', nextSteps(status).join('  ·  ') || null],
  ];
  const lines = rows.flatMap(([name, value]) =>
    value === null ? [] : [`  ${name.padEnd(11)}${plain(value, ROW_LENGTH)}`],
  );
  const gates = gateLines(output, gatesOf(status)).map((line) => `  ${line}`);
  const reasons = reasonLines(output, shown.reasons).map((line) => `    ${line}`);
  const title = `${output.paint('bold', shown.target)}  ${paintPhase(output, shown.phase)}`;
  return [title, ...lines, ...gates, ...reasons];
}

/** A line for each group of people: who they are, what to read, and which codes of which gate or step are theirs. */
export function concernLines(concerns: readonly Concern[]): string[] {
  const groups = new Map<string, Map<string, string[]>>();
  for (const { id, code, owners, relatedRunbooks } of concerns) {
    if (owners.length + relatedRunbooks.length === 0) continue;
    const who = owners.length === 0 ? 'nobody is named' : owners.join(', ');
    const where = relatedRunbooks.length === 0 ? '' : `, see ${relatedRunbooks.join(', ')}`;
    const group = groups.get(`${who}${where}`) ?? new Map<string, string[]>();
    groups.set(`${who}${where}`, group.set(id, [...(group.get(id) ?? []), code]));
  }
  return [...groups].map(([people, codes]) => {
    const what = [...codes].map(([id, theirs]) => `${id} (${theirs.join(', ')})`).join(', ');
    return plain(`${people}: ${what}`, 400);
  });
}

/** What to check after a workflow was ended from outside, and what to do. */
function leftBehindLines(status: PromotionStatus): [string, string][] {
  const left = abandonedWhile(status);
  if (left === undefined) return [];
  const { target } = status;
  const ended = `its workflow was ended from outside (${status.execution.toLowerCase()}) while ${left.phase}`;
  if (!left.touched) return [['ended', `${ended}: nothing had been changed`]];
  return [
    ['ended', `${ended}: ${target} may be half promoted, and nothing watches it`],
    ['check', 'what the environment branch has, and what the gates say: `promote validate`'],
    [
      'do',
      `\`promote reconcile --target ${target}\` rolls it back; until then no other promotion is started`,
    ],
  ];
}

/** A command by hand has to be whole. */
const ROW_LENGTH = 4_096;

/** What a rollback would do; once it was tried, what each step said, and what is left to do by hand. */
function rollbackRows(status: PromotionStatus): [string, string][] {
  const rows = status.rollback.flatMap(({ step, does, tried, byHand }): [string, string][] => {
    if (tried === null) return isOpen(status) ? [['rollback', `${step} ${does}`]] : [];
    const said = `${step}: ${tried.verified ? 'verified' : 'failed'}: ${tried.code}: ${tried.detail}`;
    return [['rollback', said], ...byHand.map((command): [string, string] => ['by hand', command])];
  });
  const order = rollbackOrder(status);
  return order === null ? rows : [...rows, ['', `${order} does it now`]];
}

/** What a terminal shows below the log while a promotion runs. */
export function liveLines(output: Output, status: PromotionStatus, now: number): string[] {
  const doing = status.view?.doing ?? '';
  const rows = [
    deadlineLine(deadlineOf(status), now),
    ...voteRows(status).map(([, row]) => row),
    manualLine(status),
    watchLine(status),
    blockedLine(status),
    status.workerAnswers ? null : 'no worker answers',
  ].filter((row) => row !== null);
  return [
    '',
    `${output.paint('bold', status.target)}  ${paintPhase(output, phaseOf(status))}  ${output.paint('dim', plain(doing))}`,
    ...gateLines(output, gatesOf(status)).map((line) => `  ${line}`),
    ...rows.map((row) => `  ${plain(row)}`),
  ];
}

function deadlineLine(deadline: number | null, now: number): string | null {
  return deadline === null ? null : `${new Date(deadline).toISOString()} (${spanOf(deadline - now)})`;
}

/** Who has decided and what vouches for them, what is missing, and who may still decide. */
function voteRows(status: PromotionStatus): [string, string | null][] {
  const { view } = status;
  const votes = view?.phase === 'awaiting-approval' ? (view.approval?.votes ?? []) : [];
  return [
    ...votes.map((vote): [string, string] => ['decided', voteLine(vote)]),
    ['waits for', waitsLine(status)],
  ];
}

function waitsLine({ view }: PromotionStatus): string | null {
  if (view?.phase !== 'awaiting-approval' || view.approval === undefined) return null;
  const { missing, required, waitingFor, protected: isProtected } = view.approval;
  const signed = isProtected ? ' signed' : '';
  return `${missing} of ${required}${signed} approvals, of ${waitingFor.join(', ') || 'nobody that is left'}`;
}

/** One vote, and what vouches for it. */
export function voteLine({ by, verdict, identity, key }: ApprovalView['votes'][number]): string {
  return `${verdict} by ${by} (${identity}${key === null ? '' : ` with ${key}`})`;
}

/** What a person is to do now, in the runbook's words. */
function manualLine({ view }: PromotionStatus): string | null {
  if (view?.phase !== 'remediating' || view.manual === undefined) return null;
  return `${view.manual.gates.join(', ')}: ${view.manual.text}`;
}

function watchLine({ view }: PromotionStatus): string | null {
  if (view?.phase !== 'watching' || view.watch === undefined) return null;
  const { samples, failingStreak, failingLimit, unreachableStreak, unreachableLimit, last } = view.watch;
  const failing = `failing streak ${failingStreak} of ${failingLimit}`;
  return `${samples} samples, last ${last ?? 'none'}, ${failing}, unreachable streak ${unreachableStreak} of ${unreachableLimit}`;
}

function blockedLine({ blocked }: PromotionStatus): string | null {
  if (blocked === undefined) return null;
  const what = blocked.activity === '' ? '' : `${blocked.activity}: `;
  return `${what}${blocked.cause} (attempt ${blocked.attempt})`;
}

/** Notifications that were given up, or are not taken. */
function untoldLine({ view, untold }: PromotionStatus): string | null {
  const { pending = 0, failed = 0 } = view?.notifications ?? {};
  if (failed === 0 && untold === undefined) return null;
  const cause = untold === undefined ? '' : `: ${untold.cause} (attempt ${untold.attempt})`;
  return `${pending} notifications on their way, ${failed} given up${cause}`;
}

/** `23 h 59 min left`, `4 s left`, `passed`. */
export function spanOf(ms: number): string {
  if (ms <= 0) return 'passed';
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${seconds} s left`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min left` : `${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
}
