import type { Manifest } from '../../contracts/manifest.js';
import { isPromoted, isRolledBack } from '../../domain/past-runs.js';
import type { OwnReasonCode } from '../../domain/reason-codes/catalogue.js';
import { attest } from '../attestation/attestations.js';
import type { SigningKey } from '../attestation/signing-key.js';
import { canonicalBytes, sha256, type Digest } from '../canonical.js';
import { markersIn } from '../redaction-markers.js';
import { readWholeJournal } from './chained-journal.js';
import { EvidenceError } from './evidence-error.js';
import { advanceHead } from './heads.js';
import type { JournalHead } from './journal.js';
import { noteEnd, sealedEnd, wasRolledBack } from './past-runs.js';
import { putTogether } from './put-together.js';
import { readingOnce, type ReadOnceStore } from './read-once.js';
import { renderReportHtml } from './report-html.js';
import { readReport } from './report-model.js';
import { renderReport } from './report.js';
import { attestedBy, putAttestations, standingAttestations } from './run-attestations.js';
import { RunEvidence, type KnownRun } from './run-evidence.js';
import { ATTESTATIONS, MANIFEST, type ASSEMBLED } from './sealed-files.js';
import { notOurs, standingManifest } from './standing-manifest.js';

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
 *   manifest or other attestations stand there; `not_regular` where something else does
 * @throws AttestationError where the key that signs it can't be opened
 */
export async function sealRun(
  runs: RunEvidence,
  request: SealRequest,
  openKey: OpenKey,
): Promise<{ readonly manifest: Digest }> {
  const store = readingOnce(runs.store);
  const evidence = new RunEvidence(store);
  let opened: Promise<SigningKey> | undefined;
  const openOnce: OpenKey = () => (opened ??= openKey());
  try {
    const known = await runs.known(request.run);
    const manifest =
      (await sealedBefore(evidence, known, request)) ??
      (await closed(evidence, store, known, request, openOnce));
    return { manifest: await settle(evidence, known, manifest, openOnce) };
  } catch (error) {
    if (!mayPass(error)) await noteUnsealed(runs, request);
    throw error;
  }
}

/** Waiting can help; of any other error nobody knows that. */
function mayPass(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true;
}

/**
 * As the workflow tells it then: of a promotion, with that doubt. What another history of the run sealed stays as it is, unless
 * this one rolled back: then its promotion is not there any more, whoever finds the evidence changed.
 */
async function noteUnsealed(evidence: RunEvidence, request: SealRequest): Promise<void> {
  const folder = await evidence.folderOf(request.run);
  // How the rollback ends is for its own history to note.
  if (isPromoted(request.end) && (await wasRolledBack(evidence, folder))) return;
  const sealed = await sealedEnd(evidence, folder).catch((error: unknown) => {
    if (mayPass(error)) throw error;
    // Something else stands there.
    return undefined;
  });
  if (sealed !== undefined && (isRolledBack(sealed) || !isRolledBack(request.end))) return;
  await noteEnd(evidence, folder, request.end === 'promoted' ? IN_DOUBT : request);
}

const IN_DOUBT = { end: 'promoted-with-warnings', reason: 'evidence_not_sealed' satisfies OwnReasonCode };

/** The manifest, when all that it lists was written. */
async function closed(
  evidence: RunEvidence,
  store: ReadOnceStore,
  known: KnownRun,
  request: SealRequest,
  openKey: OpenKey,
): Promise<Manifest> {
  const { folder, record } = known;
  await refuseOverRollback(evidence, known, request.end);
  // Other ends stand whatever becomes of their evidence; this one is not told before the journal was found whole.
  const endsWell = request.end === 'promoted';
  if (!endsWell) await noteEnd(evidence, folder, request);
  await store.readAhead(folder, (path) => !path.startsWith('watch/'));
  const { lines, entries } = await readWholeJournal(evidence, known, request.head);
  if (endsWell) await noteEnd(evidence, folder, request);
  // Where it can't be signed the run may be sealed with another end later: then no report of this one stands there.
  await openKey();
  const report = await readReport(evidence, known, request, entries);
  await putTogether(store, folder, {
    'journal.jsonl': Buffer.from(`${lines.join('\n')}\n`),
    'report.md': Buffer.from(renderReport(report)),
    'report.html': Buffer.from(renderReportHtml(report)),
  } satisfies Record<(typeof ASSEMBLED)[number], Uint8Array>);
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
  const manifest = await begunSeal(evidence, known);
  if (manifest === undefined) return undefined;
  const { journal } = manifest;
  if (manifest.end === end && journal.seq === head.seq && journal.head === head.digest) return manifest;
  throw notOurs(evidence, known, MANIFEST);
}

/**
 * The manifest of a run whose sealing has begun; undefined of any other.
 *
 * @throws EvidenceError `conflict` where what stands there is not that run's
 */
export async function begunSeal(evidence: RunEvidence, known: KnownRun): Promise<Manifest | undefined> {
  // They are written after the manifest, so they are looked for before it: another worker may seal the run just now.
  const isAttested = await evidence.store.has(known.folder, ATTESTATIONS);
  const manifest = await standingManifest(evidence, known);
  if (manifest === undefined && isAttested) throw notOurs(evidence, known, ATTESTATIONS);
  if (manifest === undefined) return undefined;
  await refuseOverRollback(evidence, known, manifest.end);
  await attestedBefore(evidence, known, manifest);
  return manifest;
}

/** A promotion is not sealed over a rollback of it, by whichever history. */
async function refuseOverRollback(
  evidence: RunEvidence,
  { folder, record }: KnownRun,
  end: string,
): Promise<void> {
  if (!isPromoted(end) || !(await wasRolledBack(evidence, folder))) return;
  const { run, target } = record;
  throw new EvidenceError(
    'conflict',
    `${run} was ${end}, and a rollback of it was begun since: \`promote reconcile --target ${target} --run ${run}\` sees to its end; then move the manifest, attestations, journal.jsonl and reports that are there out of ${evidence.store.locate(folder)} and seal again`,
  );
}

/** What is to be attested of a sealed run, and the attestations that are there already. */
async function attestedBefore(evidence: RunEvidence, known: KnownRun, manifest: Manifest) {
  const attested = await attestedBy(evidence, known, { manifest, sha256: sha256(canonicalBytes(manifest)) });
  return { attested, attestations: await standingAttestations(evidence, known, attested) };
}

/** Of a run whose manifest was written: what should have followed it. Undefined for any other. Throws as `sealRun`. */
export async function finishSeal(
  evidence: RunEvidence,
  run: string,
  openKey: OpenKey,
): Promise<{ readonly end: string; readonly manifest: Digest } | undefined> {
  const known = await evidence.known(run);
  const manifest = await begunSeal(evidence, known);
  if (manifest === undefined) return undefined;
  return { end: manifest.end, manifest: await settle(evidence, known, manifest, openKey) };
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
  const { attested, attestations } = await attestedBefore(evidence, known, manifest);
  const signed = attestations ?? (await attest(attested, await openKey()));
  await evidence.store.put(folder, MANIFEST, bytes);
  await putAttestations(evidence, known, attested, signed);
  const sealed = { run: record.run, manifest: digest, end: manifest.end };
  await advanceHead(evidence, record.target, sealed, record.previous?.run ?? null);
  return digest;
}
