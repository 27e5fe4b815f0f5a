import type { PromotionStatus } from '../client.js';
import { changeLines } from '../contracts/changes-in-words.js';
import type { Subject } from '../contracts/run-record.js';
import type { ApprovalView } from '../domain/messages.js';
import { overrideText } from '../domain/override.js';
import { plain, type Output } from './output.js';
import { gateLines, spanOf, voteLine } from './render.js';
import { gatesOf, overridesIn } from './status-document.js';

/** What a person has to see before deciding. What the digest binds comes from the subject itself. */
export function decisionLines(
  output: Output,
  status: PromotionStatus,
  approval: ApprovalView,
  subject: Subject,
  now: number,
): readonly string[] {
  const { view, rollback } = status;
  const rows: readonly (readonly [string, string])[] = [
    ['commit', `${subject.commit} ${view?.subjectLine ?? ''}`.trimEnd()],
    ['requester', `${subject.requester} (${view?.identity ?? 'asserted'})`],
    ['runbook', subject.runbook],
    ['policy', subject.policy],
    ['needs', needsLine(approval, subject)],
    ...approval.votes.map((vote) => ['decided', voteLine(vote)] as const),
    ['left', `${spanOf(Date.parse(subject.expires) - now)} (until ${subject.expires})`],
    ...remediationRows(status),
    ...rollback.map(({ step, does }) => ['rollback', `${step} ${does}`] as const),
    ['evidence', view?.evidence ?? ''],
  ];
  const title = `${output.paint('bold', subject.target)}  ${output.paint('bold', approval.digest.slice(7, 15))}  ${approval.digest}`;
  return [
    title,
    ...rows.map(([name, value]) => `  ${name.padEnd(11)}${plain(value, 1_000)}`),
    ...(approval.changes === undefined
      ? []
      : changeLines(approval.changes).map((line) => `  ${plain(line)}`)),
    ...overridesIn(status).map((override) =>
      output.paint('yellow', `  overridden: ${plain(overrideText(override))}: no pass of it is earned`),
    ),
    ...gateLines(output, gatesOf(status)).map((line) => `  ${line}`),
  ];
}

function needsLine(
  { missing, waitingFor, protected: isProtected }: ApprovalView,
  { required }: Subject,
): string {
  const how = isProtected ? 'signed approvals' : 'approvals, which nothing but a name vouches for';
  return `${missing} of ${required} ${how}, of ${waitingFor.join(', ') || 'nobody that is left'}`;
}

/** What was repaired on the way here, in the journal's words. */
function remediationRows({ view }: PromotionStatus): readonly (readonly [string, string])[] {
  return (view?.log ?? [])
    .filter(({ kind }) => kind === 'repaired' || kind === 'manual-repair-ended')
    .map(({ text }) => ['repaired', text] as const);
}
