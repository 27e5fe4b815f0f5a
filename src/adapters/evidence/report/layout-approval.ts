import type { Report } from '../report-model.js';
import type { ReportedApproval, ReportedDecision } from './approvals.js';
import {
  fact,
  item,
  listOf,
  name,
  table,
  whole,
  type Block,
  type Cell,
  type Part,
  type Section,
} from './document.js';
import { toned } from './tones.js';

/** What was approved, what changed, and who decided on it. */
export function layOutApproval({ approvals }: Report): readonly Section[] {
  if (approvals.length === 0) return [];
  return [{ id: 'approval', title: 'Approval', blocks: [], parts: approvals.map(approvalPart) }];
}

function approvalPart(approval: ReportedApproval): Part {
  const { epoch, askedAt, subject, expiresAt, required, round, changes, decisions, outcome } = approval;
  return {
    title: `Request ${epoch}`,
    blocks: [
      {
        kind: 'facts',
        facts: [
          fact('Subject', [name(subject), ', as it stands in ', name(`approval-${epoch}/subject.json`)]),
          fact('Asked', `${askedAt}${round === undefined ? '' : `, after ${round}`}; expires ${expiresAt}`),
          fact('Needed', required === undefined ? 'the subject can’t be read' : `${required} approval(s)`),
          fact(
            'Outcome',
            outcome === undefined
              ? 'nobody decided it before it was void or the run ended'
              : [toned(outcome.kind), `, ${outcome.at}`],
          ),
        ],
      },
      ...rollbackLines(approval),
      ...changesBlocks(changes),
      ...decisionsTable(epoch, decisions),
    ],
  };
}

function rollbackLines({ rollbackProblems, waived }: ReportedApproval): readonly Block[] {
  return listOf([
    ...rollbackProblems.map((line) => item(`Rollback could not run: ${line}`)),
    ...waived.map((line) => item(`Waived by the runbook: rollback could not run: ${line}`)),
  ]);
}

/** A line that begins with two spaces belongs to the one above. */
function changesBlocks(lines: readonly string[]): readonly Block[] {
  if (lines.length === 0) return [];
  const items: { text: string; below: string[] }[] = [];
  for (const line of lines) {
    const above = items.at(-1);
    if (line.startsWith('  ') && above !== undefined) above.below.push(line.trimStart());
    else items.push({ text: line, below: [] });
  }
  return [{ kind: 'paragraph', text: 'What changed, as it was shown before deciding:' }, ...listOf(items)];
}

function decisionsTable(epoch: number, decisions: readonly ReportedDecision[]): readonly Block[] {
  if (decisions.length === 0) return listOf([item('No decision was taken.')]);
  return table(
    `Decisions on request ${epoch}`,
    ['By', 'Verdict', 'Identity', 'Received', 'Comment', 'Statement'],
    decisions.map((decision): readonly Cell[] => [
      decision.by,
      [toned(decision.verdict)],
      identityCell(decision),
      whole(decision.receivedAt),
      commentOf(decision),
      [name(decision.file)],
    ]),
  );
}

export function identityCell({
  identity,
  key,
}: {
  readonly identity: string;
  readonly key: string | null;
}): Cell {
  return key === null ? identity : { lines: [identity, [name(key)]] };
}

function commentOf({ said }: ReportedDecision): string {
  switch (said.kept) {
    case 'read':
      return said.comment;
    case 'missing':
      return 'the statement is not kept';
    case 'unreadable':
      return 'the statement is not what its receipt was given for';
    default:
      return said satisfies never;
  }
}
