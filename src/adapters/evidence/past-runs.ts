import { z } from 'zod';

import { runRecordSchema, type RunRecord } from '../../contracts/run-record.js';
import { endThatCounts, isPromoted, isRolledBack, type PastRun } from '../../domain/past-runs.js';
import { EvidenceError } from './evidence-error.js';
import { headOf } from './heads.js';
import { entryPath } from './journal.js';
import { isFolderOf, targetIn, type KnownRun, type RunEvidence } from './run-evidence.js';
import { MANIFEST } from './sealed-files.js';
import { standingManifest } from './standing-manifest.js';

export interface RememberedRun extends PastRun {
  readonly folder: string;
}

const notedSchema = z.strictObject({ v: z.literal(1), end: z.string().max(64), reason: z.string().max(256) });
const timed = z.object({ at: z.iso.datetime() });
const journalled = z.object({ kind: z.string() });

/** Entries after which a run may have changed the target. */
export const TOUCHING: readonly string[] = ['step-started', 'rollback-begun'];

/**
 * What the evidence remembers of a target's runs, newest first. A folder without `run.json` is no run: its opening was cut
 * short, and nothing came of it.
 *
 * @param folders the target's, oldest first, where they were read already
 * @throws EvidenceError where a run can't be read: what it may have done is not guessed
 */
export async function pastRuns(
  evidence: RunEvidence,
  target: string,
  folders?: readonly string[],
): Promise<readonly RememberedRun[]> {
  const runs: RememberedRun[] = [];
  const latest = await headOf(evidence, target);
  for (const folder of (folders ?? (await evidence.foldersOf(target))).toReversed()) {
    const end = await endOf(evidence, folder);
    const record = await evidence.readJson(folder, 'run.json', runRecordSchema);
    if (record === undefined) continue;
    const { run, commit, requester } = record;
    const touched = end === undefined && (await hasTouched(evidence, folder));
    const written = await evidence.store.has(folder, MANIFEST);
    // Of the newest the manifest may be there and not known yet as the one that the next run follows.
    const sealed = written && (runs.length > 0 || latest?.run === run);
    runs.push({ folder, run, commit, requester, end, touched, sealed });
  }
  return runs;
}

/** The newest run of a run's target, opened before it, that ended promoted. */
export interface LastPromotion {
  readonly folder: string;
  readonly record: RunRecord;
  /** When it ended, by its journal's newest entry; where that has none, when it was opened. ISO 8601 */
  readonly promotedAt: string;
}

/** @throws EvidenceError where a run can't be read */
export async function lastPromotion(
  evidence: RunEvidence,
  { folder: own, record: { target } }: KnownRun,
): Promise<LastPromotion | undefined> {
  for (const folder of (await evidence.foldersOf(target)).toReversed()) {
    if (folder >= own || !isPromoted(await endOf(evidence, folder))) continue;
    const record = await evidence.readJson(folder, 'run.json', runRecordSchema);
    if (record === undefined) continue;
    return { folder, record, promotedAt: (await lastEntryAt(evidence, folder)) ?? record.openedAt };
  }
  return undefined;
}

/** The journal of a promotion that ended with warnings may be broken: then as far as it can be read. */
async function lastEntryAt({ store }: RunEvidence, folder: string): Promise<string | undefined> {
  for (const path of (await store.list(folder, 'journal/')).toReversed()) {
    try {
      return timed.parse(JSON.parse(Buffer.from((await store.get(folder, path)) ?? []).toString('utf8'))).at;
    } catch (error) {
      if (error instanceof EvidenceError) throw error;
    }
  }
  return undefined;
}

/** A run whose evidence has no end: it is open, or its workflow was ended from outside. */
export type UnendedRun = Omit<RememberedRun, 'end' | 'sealed'> &
  Pick<RunRecord, 'target' | 'workflow'> & {
    /** Others of its target came after it, so that it had ended once: a rollback of it was begun since. */
    readonly followed: boolean;
  };

export interface UnendedRuns {
  readonly runs: readonly UnendedRun[];
  /** Folders of runs whose files are not of their form: what they left behind is not known. */
  readonly unreadable: readonly string[];
}

/**
 * Every run of this deployment that nobody has ended, of one target or of all. What is no run, and a run that can't be read,
 * keeps no other from being found.
 *
 * @throws EvidenceError where the store does not answer
 */
export async function unendedRuns(
  evidence: RunEvidence,
  deployment: string,
  { target, run }: { readonly target: string | undefined; readonly run?: string | undefined },
): Promise<UnendedRuns> {
  const folders = target === undefined ? await evidence.store.runs() : await evidence.foldersOf(target);
  const latest = await latestOf(evidence, folders);
  const runs: UnendedRun[] = [];
  const unreadable: string[] = [];
  for (const folder of folders) {
    // Whether somebody began an older one's history anew is looked into when its target is asked for, or starts its next run.
    const followed = !latest.has(folder);
    const isAskedFor = target !== undefined || (run !== undefined && isFolderOf(run)(folder));
    try {
      if (followed && !isAskedFor && (await isKnownSettled(evidence, folder))) continue;
      const found = await unendedIn(evidence, folder);
      if (found?.deployment !== deployment) continue;
      runs.push({ ...found.run, followed });
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      if (UNREADABLE.has(error.code)) unreadable.push(folder);
      else if (error.code !== 'bad_name') throw error;
    }
  }
  return { runs, unreadable };
}

/** The newest run's folder of each target; a folder without `run.json` is no run. */
async function latestOf(evidence: RunEvidence, folders: readonly string[]): Promise<ReadonlySet<string>> {
  const latest = new Map<string, string>();
  for (const folder of folders.toReversed())
    if (!latest.has(targetIn(folder)) && (await isRun(evidence, folder)))
      latest.set(targetIn(folder), folder);
  return new Set(latest.values());
}

async function isRun({ store }: RunEvidence, folder: string): Promise<boolean> {
  try {
    return await store.has(folder, 'run.json');
  } catch (error) {
    if (error instanceof EvidenceError && !error.retryable) return false;
    throw error;
  }
}

async function isKnownSettled({ store, settled }: RunEvidence, folder: string): Promise<boolean> {
  return settled.has(folder) && (await store.has(folder, MANIFEST));
}

/** Waiting does not help: something else stands there. */
const UNREADABLE: ReadonlySet<string> = new Set(['conflict', 'not_regular', 'outside_root']);

async function unendedIn(
  evidence: RunEvidence,
  folder: string,
): Promise<{ readonly deployment: string; readonly run: Omit<UnendedRun, 'followed'> } | undefined> {
  if ((await endOf(evidence, folder)) !== undefined) return undefined;
  const record = await evidence.readJson(folder, 'run.json', runRecordSchema);
  if (record === undefined) return undefined;
  const { run, commit, requester, workflow, target, deployment } = record;
  const touched = await hasTouched(evidence, folder);
  return { deployment, run: { folder, run, commit, requester, touched, target, workflow } };
}

/**
 * How the run ended: as it was sealed, or as it was noted where its evidence could not be sealed. Undefined, too, where it was
 * promoted and a rollback was begun since that nobody saw to its end.
 *
 * @throws EvidenceError `conflict` where what says so is not this run's: then nobody knows
 */
export async function endOf(evidence: RunEvidence, folder: string): Promise<string | undefined> {
  evidence.settled.delete(folder);
  const sealed = await sealedEnd(evidence, folder);
  const told = endThatCounts({ sealed, noted: await notedEnds(evidence, folder, sealed) });
  const end = isPromoted(told) && (await hasBegunRollback(evidence, folder)) ? undefined : told;
  if (sealed !== undefined && end !== undefined) evidence.settled.add(folder);
  return end;
}

/** Whether a rollback of the run was begun or noted, by whichever of its histories. Throws as `endOf`. */
export async function wasRolledBack(evidence: RunEvidence, folder: string): Promise<boolean> {
  const noted = await notedEnds(evidence, folder, undefined);
  return noted.some(isRolledBack) || hasBegunRollback(evidence, folder);
}

async function hasBegunRollback({ store }: RunEvidence, folder: string): Promise<boolean> {
  return (await store.list(folder, 'rollback/')).length > 0;
}

/** @param sealed an end that is known already: who sealed it noted it too */
async function notedEnds(
  evidence: RunEvidence,
  folder: string,
  sealed: string | undefined,
): Promise<readonly string[]> {
  const noted: string[] = [];
  for (const path of await evidence.store.list(folder, 'ended/')) {
    if (sealed !== undefined && path === noteOf(sealed)) continue;
    const note = await evidence.readJson(folder, path, notedSchema);
    if (note !== undefined) noted.push(note.end);
  }
  return noted;
}

/** As it was sealed; its manifest is read once, and counts for as long as one stands there. Throws as `endOf`. */
export async function sealedEnd(evidence: RunEvidence, folder: string): Promise<string | undefined> {
  const { store, ends } = evidence;
  if (!(await store.has(folder, MANIFEST))) {
    ends.delete(folder);
    return undefined;
  }
  const known = ends.get(folder);
  if (known !== undefined) return known;
  const record = await evidence.readJson(folder, 'run.json', runRecordSchema);
  if (record === undefined)
    throw new EvidenceError('conflict', `${store.locate(folder)}: a manifest stands there and no run.json`);
  const manifest = await standingManifest(evidence, { folder, record });
  if (manifest !== undefined) ends.set(folder, manifest.end);
  return manifest?.end;
}

function noteOf(end: string): string {
  return `ended/${end}.json`;
}

/** Kept beside the journal, so that a run whose journal is broken is not taken for one that never ended. */
export async function noteEnd(
  evidence: RunEvidence,
  folder: string,
  { end, reason }: { readonly end: string; readonly reason: string },
): Promise<void> {
  try {
    await evidence.putJson(folder, noteOf(end), { v: 1, end, reason: reason.slice(0, 256) });
  } catch (error) {
    // Another history of the run noted the same end for another reason: it counts.
    if (!(error instanceof EvidenceError) || error.code !== 'conflict') throw error;
  }
}

/** Files that are written before anything is changed. */
export async function hasLeftFiles(evidence: RunEvidence, folder: string): Promise<boolean> {
  const hasPromoted = (await evidence.store.list(folder, 'promotion/')).length > 0;
  return hasPromoted || hasBegunRollback(evidence, folder);
}

async function hasTouched(evidence: RunEvidence, folder: string): Promise<boolean> {
  if (await hasLeftFiles(evidence, folder)) return true;
  for (let seq = 1; ; seq += 1) {
    const bytes = await evidence.store.get(folder, entryPath(seq));
    if (bytes === undefined) return false;
    if (isTouching(bytes)) return true;
  }
}

/** What can't be read may be anything. */
function isTouching(entry: Uint8Array): boolean {
  try {
    const { kind } = journalled.parse(JSON.parse(Buffer.from(entry).toString('utf8')));
    return TOUCHING.includes(kind);
  } catch {
    return true;
  }
}
