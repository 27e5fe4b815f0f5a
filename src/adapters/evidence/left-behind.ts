import { z } from 'zod';

import { PHASES, type Phase } from '../../domain/phase.js';
import type { LeftBehind } from '../../domain/take-over.js';
import { TRIGGERS } from '../../domain/triggers.js';
import { EvidenceError } from './evidence-error.js';
import { appendEntry, entryDigest, entryPath, type JournalHead } from './journal.js';
import { hasLeftFiles, TOUCHING } from './past-runs.js';
import type { KnownRun, RunEvidence } from './run-evidence.js';

/** A run's journal and files as another history left them. */
export interface ReadBack extends LeftBehind {
  readonly head: JournalHead;
  /** A promotion step that had begun and of which no outcome is known; with when it was begun, where that is known. */
  readonly running: { readonly step: string; readonly begunAt: number | undefined } | undefined;
  /** The newest entry, as it was read; undefined where it is none of ours. */
  readonly last: Entry | undefined;
}

const entrySchema = z.object({
  at: z.iso.datetime(),
  kind: z.string(),
  body: z.looseObject({
    phase: z.string().optional(),
    step: z.string().optional(),
    attempt: z.int().optional(),
    trigger: z.string().optional(),
    triggers: z.array(z.string()).optional(),
    by: z.string().optional(),
  }),
});
type Entry = z.infer<typeof entrySchema>;

/** Who takes over, and why; asserted, as all that comes by Temporal. */
export interface Taker {
  /** Temporal's run of the workflow that goes on. */
  readonly by: string;
  /** ms since the epoch, from that workflow. */
  readonly at: number;
  readonly requester: string;
  readonly reason: string;
}

const TRIES = 5;

/**
 * Reads what is there and appends an entry to exactly that: a record that the former history still had on its way is read
 * first, or finds its place taken. On a full disk it goes on without the entry: a rollback waits for no record.
 *
 * @throws EvidenceError where the store can't be read
 */
export async function takeOver(
  evidence: RunEvidence,
  known: KnownRun,
  { by, at, requester, reason }: Taker,
): Promise<{
  readonly head: JournalHead;
  readonly left: LeftBehind;
  readonly running: ReadBack['running'];
}> {
  for (let attempt = 1; ; attempt += 1) {
    const { head, last, running, ...left } = await readBack(evidence, known);
    // A repeated attempt finds its own entry.
    if (last?.kind === TAKEN_OVER && last.body.by === by) return { head, left, running };
    const body = {
      by,
      requester,
      identity: 'asserted',
      reason: reason.slice(0, 1_024),
      touched: left.touched,
    };
    try {
      const entry = { run: known.record.run, head, at, kind: TAKEN_OVER, body };
      return { head: await appendEntry(evidence, entry), left, running };
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      if (error.code === 'full') return { head, left, running };
      if (error.code !== 'journal_fork' || attempt >= TRIES) throw error;
    }
  }
}

const TAKEN_OVER = 'taken-over';

/**
 * What a run left behind, from its evidence alone. An entry that can't be read says nothing, so that the worst is assumed of
 * it: the run may have changed the target.
 */
export async function readBack(evidence: RunEvidence, known: KnownRun): Promise<ReadBack> {
  const { head, entries } = await readEntries(evidence, known.folder);
  const read = entries.filter((entry) => entry !== undefined);
  const phase = read.map(({ body }) => openPhase(body.phase)).findLast((found) => found !== undefined);
  const rollback = read.findLast(({ kind }) => kind === 'rollback-begun');
  const touched =
    read.length < entries.length ||
    read.some(({ kind }) => TOUCHING.includes(kind)) ||
    (await hasLeftFiles(evidence, known.folder));
  return {
    head,
    last: entries.at(-1),
    phase,
    touched,
    steps: known.loaded.plan.promotion
      .map(({ id }) => id)
      .filter((id) => read.some(({ kind, body }) => kind === 'step-started' && body.step === id)),
    triggers: triggersOf(rollback),
    rollbackAttempts: rollback?.body.attempt ?? 0,
    running:
      phase === 'promoting' || phase === undefined ? await runningStep(evidence, known, read) : undefined,
  };
}

async function readEntries(
  evidence: RunEvidence,
  folder: string,
): Promise<{ readonly head: JournalHead; readonly entries: readonly (Entry | undefined)[] }> {
  const entries: (Entry | undefined)[] = [];
  let head: JournalHead = { seq: 0, digest: '' };
  for (let seq = 1; ; seq += 1) {
    const bytes = await evidence.store.get(folder, entryPath(seq));
    if (bytes === undefined) return { head, entries };
    head = { seq, digest: entryDigest(bytes) };
    entries.push(parsed(bytes));
  }
}

function parsed(bytes: Uint8Array): Entry | undefined {
  try {
    return entrySchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return undefined;
  }
}

function openPhase(given: string | undefined): Phase | undefined {
  return PHASES.find((phase) => phase === given);
}

function triggersOf(rollback: Entry | undefined): LeftBehind['triggers'] {
  const named = [rollback?.body.trigger, ...(rollback?.body.triggers ?? [])];
  return TRIGGERS.filter((code) => named.includes(code)).toSorted(
    (one, other) => named.indexOf(one) - named.indexOf(other),
  );
}

/** The last step that was begun, unless it is marked done. */
async function runningStep(
  { store }: RunEvidence,
  { folder, loaded }: KnownRun,
  entries: readonly Entry[],
): Promise<ReadBack['running']> {
  const marks = await store.list(folder, 'promotion/');
  const begun = loaded.plan.promotion.findLast(
    ({ id }) =>
      marks.some((path) => path.startsWith(`promotion/${id}.`)) ||
      entries.some(({ kind, body }) => kind === 'step-started' && body.step === id),
  );
  if (begun === undefined || marks.includes(`promotion/${begun.id}.done.json`)) return undefined;
  const started = entries.findLast(({ kind, body }) => kind === 'step-started' && body.step === begun.id);
  return { step: begun.id, begunAt: started === undefined ? undefined : Date.parse(started.at) };
}
