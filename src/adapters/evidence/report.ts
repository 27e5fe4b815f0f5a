import type { RunRecord } from '../../contracts/run-record.js';
import type { Concern } from '../../domain/ownership.js';
import type { JournalEntry } from './journal.js';
import type { Triage } from './triage.js';

/** What happened, for a person, from the journal alone. Text that came from outside stays text. */
export function renderReport(
  record: RunRecord,
  { end, reason }: { readonly end: string; readonly reason: string },
  entries: readonly JournalEntry[],
  triage: Triage,
): string {
  const facts = [
    `- Target: ${plain(record.target)}`,
    `- Commit: ${plain(record.commit)} ${plain(record.subjectLine)}`,
    `- Asked by: ${plain(record.requester)} (asserted): ${plain(record.reason)}`,
    `- Opened: ${record.openedAt}`,
    `- Runbook: ${record.runbook}`,
    ...(record.previous === null
      ? []
      : [`- Previous run: ${record.previous.run} (${plain(record.previous.end)})`]),
    ...(record.rolledBack === null
      ? []
      : [
          `- Left rolled back before by ${record.rolledBack.run}, commit ${plain(record.rolledBack.commit)}${record.again ? '; the same commit was asked for again by name' : ''}`,
        ]),
    `- End: **${plain(end)}** (${plain(reason)})`,
    ...(end.startsWith('roll') ? ['', BACK_TO_SERVICE] : []),
  ];
  const timeline = entries.map(
    ({ at, kind, body }) => `| ${at} | ${plain(kind)} | ${plain(summary(body))} |`,
  );
  const table = ['| when | what | details |', '|---|---|---|', ...timeline];
  const why = end === 'promoted' ? [] : ['', '## Triage', '', ...triageLines(triage)];
  return [`# Promotion ${record.run}`, '', ...facts, ...why, '', '## What happened', '', ...table, ''].join(
    '\n',
  );
}

function triageLines({
  holding,
  recommendations,
  repairs,
  concerns,
  owners,
  relatedRunbooks,
}: Triage): readonly string[] {
  return [
    ...holding.map(({ gate, reasonCodes }) => `- ${plain(gate)} holds: ${plain(reasonCodes.join(', '))}`),
    ...repairs.map((repair) => `- Repair attempted: ${plain(repair)}`),
    ...recommendations.map((text) => `- The system recommends: ${plain(text)}`),
    ...concerns.map((concern) => `- ${concernLine(concern)}`),
    ...(owners.length === 0 ? [] : [`- Owners: ${plain(owners.join(', '))}`]),
    ...(relatedRunbooks.length === 0 ? [] : [`- Related: ${plain(relatedRunbooks.join(', '))}`]),
  ];
}

function concernLine({ kind, id, code, owners, relatedRunbooks }: Concern): string {
  const what = kind === 'step' ? `${code} (${id}, not proven)` : `${code} (${id})`;
  const who =
    owners.length === 0 ? 'belongs to nobody that the runbook names' : `belongs to ${owners.join(', ')}`;
  const where = relatedRunbooks.length === 0 ? '' : `; see ${relatedRunbooks.join(', ')}`;
  return plain(`${what} ${who}${where}`);
}

const BACK_TO_SERVICE =
  'The target was rolled back. To bring service back, repair what failed, start what the rollback stopped, and run the ' +
  'whole runbook again: no approval of this run can be used.';

function summary(body: Readonly<Record<string, unknown>>): string {
  return Object.entries(body)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('; ');
}

const MARKUP = /[\\`*_{}[\]<>#|!&]/g;

function plain(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .slice(0, 2_000)
    .replaceAll(MARKUP, String.raw`\$&`);
}
