import { z } from 'zod';

import { isSorted, manifestSchema, type Manifest } from '../../contracts/manifest.js';
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
 * @throws EvidenceError `conflict` where the journal's chain is not whole or ends elsewhere than the workflow says
 */
export async function sealRun(
  runs: RunEvidence,
  request: SealRequest,
  openKey: OpenKey,
): Promise<{ readonly manifest: Digest }> {
  const known = await runs.known(request.run);
  const store = readingOnce(runs.store);
  const evidence = new RunEvidence(store);
  const bytes = (await store.get(known.folder, MANIFEST)) ?? (await closed(evidence, store, known, request));
  const { manifest } = await settle(evidence, known, bytes, openKey);
  return { manifest };
}

/** The manifest's bytes, after all that it lists was written. */
async function closed(
  evidence: RunEvidence,
  store: ReadOnceStore,
  known: KnownRun,
  request: SealRequest,
): Promise<Uint8Array> {
  const { folder, record } = known;
  // Other ends stand whatever becomes of their evidence; this one is not told before the journal was found whole.
  const isPromoted = request.end === 'promoted';
  if (!isPromoted) await noteEnd(evidence, folder, request);
  await store.readAhead(folder, (path) => !path.startsWith('watch/'));
  const { lines, entries } = await wholeJournal(evidence, folder, request);
  if (isPromoted) await noteEnd(evidence, folder, request);
  const report = await readReport(evidence, known, request, entries);
  await putTogether(store, folder, {
    'journal.jsonl': Buffer.from(`${lines.join('\n')}\n`),
    'report.md': Buffer.from(renderReport(report)),
    'report.html': Buffer.from(renderReportHtml(report)),
  });
  const { previous } = record;
  const manifest: Manifest = {
    v: 1,
    deployment: record.deployment,
    run: record.run,
    target: record.target,
    end: request.end,
    previous: previous === null ? null : { run: previous.run, manifest: previous.manifest },
    journal: { seq: request.head.seq, head: request.head.digest },
    files: await filesOf(evidence, folder),
  };
  return canonicalBytes(manifest);
}

/** Of a run whose manifest was written: what should have followed it. Undefined for any other. */
export async function finishSeal(
  evidence: RunEvidence,
  run: string,
  openKey: OpenKey,
): Promise<{ readonly end: string; readonly manifest: Digest } | undefined> {
  const known = await evidence.known(run);
  const bytes = await evidence.store.get(known.folder, MANIFEST);
  if (bytes === undefined) return undefined;
  return settle(evidence, known, bytes, openKey);
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
  bytes: Uint8Array,
  openKey: OpenKey,
): Promise<{ readonly end: string; readonly manifest: Digest }> {
  const { folder, record } = known;
  const digest = sha256(bytes);
  const manifest = manifestOf(bytes, known);
  const { store } = evidence;
  const attested =
    (await store.get(folder, ATTESTATIONS)) ??
    (await attestationsOf(evidence, known, { manifest, sha256: digest }, await openKey()));
  await store.put(folder, MANIFEST, bytes);
  await putAttestations(store, folder, attested);
  const sealed = { run: record.run, manifest: digest, end: manifest.end };
  await advanceHead(evidence, record.target, sealed, record.previous?.run ?? null);
  return { end: manifest.end, manifest: digest };
}

/** What stands under its name already may be of anybody: it is signed only as a manifest of this run in its one spelling. */
function manifestOf(bytes: Uint8Array, { folder, record }: KnownRun): Manifest {
  let cause: unknown;
  try {
    const manifest = manifestSchema.parse(parseCanonical(bytes));
    if (isSorted(manifest) && manifest.run === record.run) return manifest;
  } catch (error) {
    cause = error;
  }
  throw new EvidenceError('conflict', `${folder}/${MANIFEST} stands there and is not this run's manifest`, {
    cause,
  });
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

/** A promotion whose journal is broken is remembered with that doubt, as the workflow tells it. */
async function wholeJournal(
  evidence: RunEvidence,
  folder: string,
  request: SealRequest,
): ReturnType<typeof readJournal> {
  try {
    return await readJournal(evidence, folder, request);
  } catch (error) {
    const broken = error instanceof EvidenceError && error.code === 'conflict';
    if (broken && request.end === 'promoted')
      await noteEnd(evidence, folder, { ...request, end: 'promoted-with-warnings' });
    throw error;
  }
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
