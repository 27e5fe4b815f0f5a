import type { Json } from '../../domain/canonical-json.js';
import { canonicalBytes, digest, type Digest } from '../canonical.js';
import { isSameButForMarkers } from '../redaction-markers.js';
import { EvidenceError } from './evidence-error.js';
import type { RunEvidence } from './run-evidence.js';

/** The journal's newest entry: its number, and the digest that the next one chains to. */
export interface JournalHead {
  readonly seq: number;
  readonly digest: string;
}

/** One entry, as it is read back. */
export interface JournalEntry {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface JournalAppend {
  readonly run: string;
  /** The head that it is appended to; seq 0 before the first. */
  readonly head: JournalHead;
  /** ms since the epoch, from the workflow: a repeated write has the same bytes. */
  readonly at: number;
  readonly kind: string;
  readonly body: Json;
}

export interface EntriesAppend extends Pick<JournalAppend, 'run' | 'head'> {
  readonly entries: readonly Pick<JournalAppend, 'at' | 'kind' | 'body'>[];
}

/**
 * Writes `journal/<seq>.json` once, durably. The same entry again is success, also where one of the two was told without a
 * secret that whoever wrote the other did not know: the one that is there stands.
 *
 * @throws EvidenceError `journal_fork` where another history of the run wrote that number (a workflow reset): a fork
 */
export async function appendEntry(evidence: RunEvidence, append: JournalAppend): Promise<JournalHead> {
  return appendIn(await evidence.folderOf(append.run), evidence, append);
}

/** One entry after the other; gives the head that each made. Throws as appendEntry. */
export async function appendEntries(
  evidence: RunEvidence,
  { run, head, entries }: EntriesAppend,
): Promise<readonly JournalHead[]> {
  const folder = await evidence.folderOf(run);
  const heads: JournalHead[] = [];
  for (const entry of entries)
    heads.push(await appendIn(folder, evidence, { run, head: heads.at(-1) ?? head, ...entry }));
  return heads;
}

async function appendIn(
  folder: string,
  evidence: RunEvidence,
  { run, head, at, kind, body }: JournalAppend,
): Promise<JournalHead> {
  const seq = head.seq + 1;
  const prev = head.seq === 0 ? genesis(run) : head.digest;
  const bytes = canonicalBytes({ v: 1, run, seq, prev, at: new Date(at).toISOString(), kind, body });
  return { seq, digest: entryDigest(await putEntry(evidence, folder, seq, bytes)) };
}

/** @returns the bytes that stand there now */
async function putEntry(
  evidence: RunEvidence,
  folder: string,
  seq: number,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  try {
    await evidence.store.put(folder, entryPath(seq), bytes);
    return bytes;
  } catch (cause) {
    if (!(cause instanceof EvidenceError) || cause.code !== 'conflict') throw cause;
    const standing = await evidence.store.get(folder, entryPath(seq));
    if (standing !== undefined && isSameButForMarkers(standing, bytes)) {
      await evidence.store.put(folder, entryPath(seq), standing);
      return standing;
    }
    throw new EvidenceError(
      'journal_fork',
      `${folder}: entry ${seq} was written by another history of this run`,
      { cause },
    );
  }
}

export function entryPath(seq: number): string {
  return `journal/${String(seq).padStart(8, '0')}.json`;
}

export function entryDigest(bytes: Uint8Array): Digest {
  return digest('promotion-journal-entry/v1', bytes);
}

/** What the first entry chains to. */
export function genesis(run: string): Digest {
  return digest('promotion-journal-genesis/v1', canonicalBytes({ run }));
}
