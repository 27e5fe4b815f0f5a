import { z } from 'zod';

import { isOf, isSorted, manifestSchema, type Manifest } from '../../contracts/manifest.js';
import { canonicalBytes, parseCanonical, sha256, type Digest } from '../canonical.js';
import { EvidenceError } from './evidence-error.js';
import { entryDigest, entryPath, genesis, type JournalEntry, type JournalHead } from './journal.js';
import { attest } from '../attestation/attestations.js';
import { attestedRunOf } from '../attestation/attested-run.js';
import type { SigningKey } from '../attestation/signing-key.js';
import { advanceHead } from './heads.js';
import { ATTESTATIONS, MANIFEST } from './sealed-files.js';
import { noteEnd } from './past-runs.js';
import { markersIn } from '../redaction-markers.js';
import { renderReportHtml } from './report-html.js';
import { readReport } from './report-model.js';
import { renderReport } from './report.js';
import { putTogether } from './put-together.js';
import { readingOnce, type ReadOnceStore } from './read-once.js';
import { RunEvidence, type KnownRun } from './run-evidence.js';
import type { EvidenceStore } from './store.js';

export interface SealRequest {
  readonly run: string;
  readonly end: string;
  readonly reason: string;
  /** The journal's newest entry, as the workflow knows it. */
  readonly head: JournalHead;
}

/**
 * Closes a run's evidence: the journal assembled and its chain checked, its reports for people, and a manifest with the
 * digest and size of every file. Repeated, it writes the same bytes. Content comes from the store, never from a caller.
 *
 * @throws EvidenceError `conflict` where the journal's chain is not whole or ends elsewhere than the workflow says, or another
 *   manifest stands there, or attestations without one; `not_regular` where something else does
 */
export async function sealRun(
  runs: RunEvidence,
  request: SealRequest,
  openKey: OpenKey,
): Promise<{ readonly manifest: Digest }> {
  const known = await runs.known(request.run);
  const store = readingOnce(runs.store);
  const evidence = new RunEvidence(store);
  try {
    const manifest =
      (await sealedBefore(evidence, known, request)) ?? (await closed(evidence, store, known, request));
    return { manifest: await settle(evidence, known, manifest, openKey) };
  } catch (error) {
    if (error instanceof EvidenceError && !error.retryable) await noteUnsealed(runs, known, request);
    throw error;
  }
}

/** As the workflow tells it then: of a promotion, with that doubt. What is sealed already, with whatever end, stays as it is. */
async function noteUnsealed(evidence: RunEvidence, known: KnownRun, request: SealRequest): Promise<void> {
  if (await isSealed(evidence, known)) return;
  const end = request.end === 'promoted' ? 'promoted-with-warnings' : request.end;
  await noteEnd(evidence, known.folder, { ...request, end });
}

async function isSealed(evidence: RunEvidence, known: KnownRun): Promise<boolean> {
  try {
    return (await standing(evidence, known)) !== undefined;
  } catch (error) {
    if (error instanceof EvidenceError && !error.retryable) return false;
    throw error;
  }
}

/** The manifest, when all that it lists was written. */
async function closed(
  evidence: RunEvidence,
  store: ReadOnceStore,
  known: KnownRun,
  request: SealRequest,
): Promise<Manifest> {
  const { folder, record } = known;
  // Other ends stand whatever becomes of their evidence; this one is not told before the journal was found whole.
  const isPromoted = request.end === 'promoted';
  if (!isPromoted) await noteEnd(evidence, folder, request);
  await store.readAhead(folder, (path) => !path.startsWith('watch/'));
  const { lines, entries } = await readJournal(evidence, folder, request);
  if (isPromoted) await noteEnd(evidence, folder, request);
  const report = await readReport(evidence, known, request, entries);
  await putTogether(store, folder, {
    'journal.jsonl': Buffer.from(`${lines.join('\n')}\n`),
    'report.md': Buffer.from(renderReport(report)),
    'report.html': Buffer.from(renderReportHtml(report)),
  });
  const { previous } = record;
  return {
    v: 1,
    deployment: record.deployment,
    run: record.run,
    target: record.target,
    end: request.end,
    previous: previous === null ? null : { run: previous.run, manifest: previous.manifest },
    journal: { seq: request.head.seq, head: request.head.digest },
    files: await filesOf(evidence, folder),
  };
}

/** What an attempt before this one wrote. */
async function sealedBefore(
  evidence: RunEvidence,
  known: KnownRun,
  { end, head }: SealRequest,
): Promise<Manifest | undefined> {
  // They are written after the manifest, so they are looked for before it: another worker may seal the run just now.
  const isAttested = await evidence.store.has(known.folder, ATTESTATIONS);
  const manifest = await standing(evidence, known);
  if (manifest === undefined && isAttested) throw notOurs(evidence, known, ATTESTATIONS);
  if (manifest === undefined) return undefined;
  const { journal } = manifest;
  if (manifest.end === end && journal.seq === head.seq && journal.head === head.digest) return manifest;
  throw notOurs(evidence, known, MANIFEST);
}

/**
 * Of a run whose manifest was written: what should have followed it. Undefined for any other.
 *
 * @throws EvidenceError `conflict` where what stands there is not that run's manifest
 */
export async function finishSeal(
  evidence: RunEvidence,
  run: string,
  openKey: OpenKey,
): Promise<{ readonly end: string; readonly manifest: Digest } | undefined> {
  const known = await evidence.known(run);
  const manifest = await standing(evidence, known);
  if (manifest === undefined) return undefined;
  return { end: manifest.end, manifest: await settle(evidence, known, manifest, openKey) };
}

/** What stands under its name may be anybody's: it counts only as a manifest of this run, in its one spelling. */
async function standing(evidence: RunEvidence, known: KnownRun): Promise<Manifest | undefined> {
  const bytes = await evidence.store.get(known.folder, MANIFEST);
  if (bytes === undefined) return undefined;
  let manifest;
  try {
    manifest = manifestSchema.parse(parseCanonical(bytes));
  } catch (cause) {
    throw notOurs(evidence, known, MANIFEST, { cause });
  }
  if (isSorted(manifest) && isOf(manifest, known.record)) return manifest;
  throw notOurs(evidence, known, MANIFEST);
}

function notOurs(
  { store }: RunEvidence,
  { folder }: KnownRun,
  name: string,
  options?: ErrorOptions,
): EvidenceError {
  const what = `${store.locate(folder)}/${name} is not of this run as it ended`;
  return new EvidenceError(
    'conflict',
    `${what}: find out who wrote it, move it away and seal again`,
    options,
  );
}

/** Every file but the manifest and the attestations over it, sorted by path. */
async function filesOf({ store }: RunEvidence, folder: string): Promise<Manifest['files']> {
  const files: Manifest['files'] = [];
  for (const path of await store.list(folder)) {
    if (path === MANIFEST || path === ATTESTATIONS) continue;
    const bytes = (await store.get(folder, path)) ?? new Uint8Array();
    files.push({ path, size: bytes.byteLength, sha256: sha256(bytes), redactions: markersIn(bytes) });
  }
  return files;
}

/** What signs evidence; opened when there is something to sign. */
export type OpenKey = () => Promise<SigningKey>;

/**
 * The manifest and what follows it, each written once and written again by whoever repeats it: what a lost worker wrote may not be
 * on the disk yet.
 */
async function settle(
  evidence: RunEvidence,
  known: KnownRun,
  manifest: Manifest,
  openKey: OpenKey,
): Promise<Digest> {
  const { folder, record } = known;
  const bytes = canonicalBytes(manifest);
  const digest = sha256(bytes);
  const { store } = evidence;
  const attested =
    (await store.get(folder, ATTESTATIONS)) ??
    (await attestationsOf(evidence, known, { manifest, sha256: digest }, await openKey()));
  await store.put(folder, MANIFEST, bytes);
  await putAttestations(store, folder, attested);
  const sealed = { run: record.run, manifest: digest, end: manifest.end };
  await advanceHead(evidence, record.target, sealed, record.previous?.run ?? null);
  return digest;
}

/** Where another worker's key has signed it meanwhile, its word is as good, and stands. */
async function putAttestations(store: EvidenceStore, folder: string, attested: Uint8Array): Promise<void> {
  try {
    await store.put(folder, ATTESTATIONS, attested);
  } catch (error) {
    const standing = await store.get(folder, ATTESTATIONS);
    if (!(error instanceof EvidenceError) || error.code !== 'conflict' || standing === undefined) throw error;
    await store.put(folder, ATTESTATIONS, standing);
  }
}

async function attestationsOf(
  evidence: RunEvidence,
  { folder, record }: KnownRun,
  sealed: { readonly manifest: Manifest; readonly sha256: Digest },
  key: SigningKey,
): Promise<Uint8Array> {
  const { store } = evidence;
  const { files, journal } = sealed.manifest;
  const readable = { paths: files.map(({ path }) => path), read: (path: string) => store.get(folder, path) };
  const { seq, head } = journal;
  const { entries } = await readJournal(evidence, folder, { run: record.run, head: { seq, digest: head } });
  return attest(await attestedRunOf(readable, record, sealed, entries), key);
}

const chainedEntry = z.object({
  seq: z.int(),
  prev: z.string(),
  at: z.string(),
  kind: z.string(),
  body: z.record(z.string(), z.unknown()),
});

async function readJournal(
  evidence: RunEvidence,
  folder: string,
  { run, head }: Pick<SealRequest, 'run' | 'head'>,
): Promise<{ lines: readonly string[]; entries: readonly JournalEntry[] }> {
  const lines: string[] = [];
  const entries: JournalEntry[] = [];
  let prev: string = genesis(run);
  for (let seq = 1; seq <= head.seq; seq += 1) {
    const bytes = await evidence.store.get(folder, entryPath(seq));
    const entry = await evidence.readJson(folder, entryPath(seq), chainedEntry);
    if (bytes === undefined || entry?.prev !== prev)
      throw new EvidenceError('conflict', `${folder}: the journal's chain breaks at entry ${seq}`);
    prev = entryDigest(bytes);
    lines.push(Buffer.from(bytes).toString('utf8'));
    entries.push(entry);
  }
  if (prev !== head.digest || (await evidence.store.has(folder, entryPath(head.seq + 1))))
    throw new EvidenceError('conflict', `${folder}: the journal does not end where the workflow says`);
  return { lines, entries };
}
