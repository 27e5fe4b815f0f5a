import { z } from 'zod';

import type { RunRecord } from '../../contracts/run-record.js';
import type { Concern } from '../../domain/ownership.js';
import { overrideText, type GateOverride } from '../../domain/override.js';
import type { Identity } from '../../domain/signing.js';
import { explainCode } from '../../tau/reason-codes.js';
import type { JournalEntry } from './journal.js';
import type { Triage } from './triage.js';

/** What happened, for a person, from the journal alone. Text that came from outside stays text. */
export function renderReport(
  record: RunRecord,
  { end, reason }: { readonly end: string; readonly reason: string },
  entries: readonly JournalEntry[],
  {
    triage,
    comeBack,
    overrides,
    identity,
  }: {
    readonly triage: Triage;
    readonly comeBack: readonly string[];
    readonly overrides: readonly GateOverride[];
    /** Of the requester. */
    readonly identity: Identity;
  },
): string {
  const facts = [
    `- Target: ${plain(record.target)}`,
    `- Commit: ${plain(record.commit)} ${plain(record.subjectLine)}`,
    `- Asked by: ${plain(record.requester)} (${identity}): ${plain(record.reason)}`,
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
    ...overrides.map(
      (override) =>
        `- **Overridden** by ${plain(record.requester)}: ${plain(overrideText(override))}; no pass of it is earned`,
    ),
    `- End: **${plain(end)}** (${plain(reason)})`,
    ...explainedLines(reason).map((line) => `  ${line}`),
  ];
  const timeline = entries.map(
    ({ at, kind, body }) => `| ${at} | ${plain(kind)} | ${plain(summary(body))} |`,
  );
  const table = ['| when | what | details |', '|---|---|---|', ...timeline];
  const why = end === 'promoted' ? [] : ['', '## Triage', '', ...triageLines(triage)];
  const back =
    comeBack.length === 0
      ? []
      : ['', '## How service comes back', '', BACK_TO_SERVICE, '', ...block(comeBack)];
  return [
    `# Promotion ${record.run}`,
    '',
    ...facts,
    ...why,
    ...rollbackLines(entries, end),
    ...back,
    '',
    '## What happened',
    '',
    ...table,
    '',
  ].join('\n');
}

const stepTried = z.object({
  step: z.string(),
  attempt: z.int(),
  verified: z.boolean(),
  code: z.string(),
  detail: z.string(),
  byHand: z.array(z.string()),
});
const confirmed = z.object({ unverified: z.array(z.string()) });

/** What was tried, what each step said, and where a person had to end it, what was left to do. */
function rollbackLines(entries: readonly JournalEntry[], end: string): readonly string[] {
  const tried = entries.flatMap(({ at, kind, body }) => {
    const read = stepTried.safeParse(body);
    return kind === 'rollback-step' && read.success ? [{ at, ...read.data }] : [];
  });
  if (tried.length === 0) return [];
  const undone = entries.flatMap(({ at, kind, body }) => {
    const read = confirmed.safeParse(body);
    const held = !read.success || read.data.unverified.length === 0;
    return kind !== 'rollback-confirmed' || held
      ? []
      : [`- ${at}: it did not hold: ${plain(read.data.unverified.join('; '))}`];
  });
  const steps = tried.map(
    ({ at, step, attempt, verified, code, detail }) =>
      `- ${at}: ${plain(step)}, attempt ${attempt}: ${verified ? 'verified' : 'not verified'} (${plain(code)}): ${plain(detail)}`,
  );
  const last = new Map(tried.map((each) => [each.step, each]));
  const left = [...last.values()].flatMap(({ verified, byHand }) => (verified ? [] : byHand));
  const byHand =
    end === 'rolled-back' || left.length === 0 ? [] : ['', 'Left to do by hand:', '', ...block(left)];
  return ['', '## Rollback', '', ...steps, ...undone, ...byHand];
}

/** Commands are copied as they are: indented, so that nothing in them is markup. */
function block(commands: readonly string[]): readonly string[] {
  return commands.flatMap((command) => command.split('\n')).map((line) => `    ${line}`);
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
    ...holding.flatMap(holdingLines),
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

/** More than a person reads at once; the outcome file of the gate has all codes. */
const EXPLAINED = 12;

/** A gate that holds, and below it what its codes mean, what to do, and whose they are. An unknown one stands as it came. */
function holdingLines({ gate, reasonCodes }: Triage['holding'][number]): readonly string[] {
  const explained = reasonCodes.slice(0, EXPLAINED).flatMap(explainedLines);
  return [
    `- ${plain(gate)} holds: ${plain(reasonCodes.join(', '))}`,
    ...explained.map((line) => `  ${line}`),
  ];
}

function explainedLines(code: string): readonly string[] {
  const entry = explainCode(code);
  if (entry === undefined) return [];
  const { means, todo, owner } = entry;
  return [`- ${plain(code)} (${owner}): ${plain(means)}${todo === '' ? '' : `; ${plain(todo)}`}`];
}

const BACK_TO_SERVICE =
  'Repair what failed, bring back what was reverted and stopped, and run the whole runbook again: no approval of this run ' +
  'can be used.';

/** What an order was signed as: for programs, and long. */
const SIGNED = ['statement', 'signature'];

function summary(body: Readonly<Record<string, unknown>>): string {
  return Object.entries(body)
    .filter(([key]) => !SIGNED.includes(key))
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
