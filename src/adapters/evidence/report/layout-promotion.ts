import { overrideText } from '../../../domain/override.js';
import type { Report } from '../report-model.js';
import { explained } from './codes.js';
import { fact, name, type Block, type Fact, type Text } from './document.js';
import { isoTime } from './entries.js';
import { toneOfEnd } from './tones.js';

/** Target, commit, end and why, who asked, and what the run was bound to. */
export function layOutPromotion(report: Report): readonly Block[] {
  const { record, overrides, end, reason, endedAt, prerequisites } = report;
  const triggers = report.rollback?.begun.flatMap(({ trigger, triggers }) => [trigger, ...triggers]) ?? [];
  return [
    {
      kind: 'facts',
      facts: [
        fact('Target', record.target),
        fact('Commit', [name(record.commit), ` ${record.subjectLine}`]),
        fact('Run', record.run),
        fact('End', [{ text: end, as: toneOfEnd(end) }, ` (${reason})`], explained(reason)),
        ...(triggers.length === 0 ? [] : [fact('Rollback declared by', [...new Set(triggers)].join(', '))]),
        ...prerequisites.map((problem) => fact('Prerequisite not met', problem)),
        ...overrides.map((override) =>
          fact('Overridden', `by ${record.requester}: ${overrideText(override)}; no pass of it is earned`),
        ),
        ...requestFacts(report),
        fact('Opened', record.openedAt),
        ...(endedAt === undefined ? [] : [fact('Ended', endedAt)]),
        fact('Runbook', [name(record.runbook)]),
        fact('Approval policy', [name(record.policy)]),
        fact('Deployment', record.deployment),
        fact('Workflow', `${record.workflow.id}, first execution ${record.workflow.firstExecutionRunId}`),
        ...historyFacts(report),
      ],
    },
  ];
}

function requestFacts({ record, start }: Report): readonly Fact[] {
  const { requester, reason } = record;
  const asked = fact('Asked by', `${requester} (${start?.identity ?? 'asserted'}): ${reason}`);
  if (start === undefined) return [asked, fact('Vouched for by', 'nothing but the name itself')];
  const { key, receivedAt } = start;
  const vouched: Text = key === null ? 'nothing but the name itself' : ['a signature by the key ', name(key)];
  return [
    asked,
    fact('Vouched for by', vouched),
    fact('Request received', [isoTime(receivedAt), ', as it stands in ', name('start.statement.json')]),
  ];
}

function historyFacts({ record: { previous, rolledBack, again } }: Report): readonly Fact[] {
  return [
    previous === null
      ? fact('Previous run', 'none')
      : fact('Previous run', [`${previous.run} (${previous.end}), manifest `, name(previous.manifest)]),
    ...(rolledBack === null
      ? []
      : [
          fact(
            'Left rolled back before by',
            `${rolledBack.run}, commit ${rolledBack.commit}${again ? '; the same commit was asked for again by name' : ''}`,
          ),
        ]),
  ];
}
