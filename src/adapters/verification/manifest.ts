import { isOf, isSorted, manifestSchema, type Manifest } from '../../contracts/manifest.js';
import { runRecordSchema, type RunRecord } from '../../contracts/run-record.js';
import type { Finding } from '../../domain/verification.js';
import { sha256, type Digest } from '../canonical.js';
import { ATTESTATIONS, MANIFEST } from '../evidence/sealed-files.js';
import { finding, isCanonical, parseForm, readForm } from './findings.js';
import type { RunFiles } from './run-files.js';

/** A sealed run, as far as its manifest can be read. */
export interface SealedFolder {
  readonly manifest: Manifest;
  readonly digest: Digest;
  readonly record: RunRecord | undefined;
}

/** The manifest is of this run, in its one spelling. */
export async function checkManifest(
  files: RunFiles,
): Promise<{ readonly sealed: SealedFolder | undefined; readonly findings: readonly Finding[] }> {
  const bytes = await files.read(MANIFEST);
  if (bytes === undefined)
    return { sealed: undefined, findings: [finding('run_unsealed', MANIFEST, 'the run has no manifest')] };
  const manifest = parseForm(bytes, manifestSchema);
  if (manifest === undefined)
    return { sealed: undefined, findings: [finding('manifest_malformed', MANIFEST, 'not of its form')] };
  const record = await readForm(files, 'run.json', runRecordSchema);
  const findings: Finding[] = [];
  if (!isCanonical(bytes) || !isSorted(manifest))
    findings.push(finding('manifest_not_canonical', MANIFEST, 'not its one canonical spelling'));
  const others = [
    ...(files.name.endsWith(`-${manifest.target}-${manifest.run}`) ? [] : ['the folder']),
    ...(record === undefined || isOf(manifest, record) ? [] : ['run.json']),
  ];
  if (others.length > 0)
    findings.push(
      finding('manifest_other_run', MANIFEST, `of ${manifest.run}, not of ${others.join(' and ')}`),
    );
  return { sealed: { manifest, digest: sha256(bytes), record }, findings };
}

/** Every file that is listed is there as it was, and nothing else is. */
export async function checkFiles(files: RunFiles, { manifest }: SealedFolder): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const listed = new Map(manifest.files.map((file) => [file.path, file]));
  for (const { path, regular } of files.entries) {
    if (!regular) findings.push(finding('file_not_regular', path, 'a link, a pipe or a device'));
    else if (!listed.has(path) && path !== MANIFEST && path !== ATTESTATIONS)
      findings.push(finding('file_extra', path, 'the manifest does not list it'));
  }
  const there = new Set(files.entries.map(({ path }) => path));
  const regular = new Set(files.entries.flatMap((entry) => (entry.regular ? [entry.path] : [])));
  for (const { path, size, sha256: expected } of manifest.files) {
    if (!there.has(path)) {
      findings.push(finding('file_missing', path, 'the manifest lists it'));
      continue;
    }
    const bytes = await files.read(path);
    if (bytes === undefined) {
      // A link or the like is told already; what is too large to be read is none of ours.
      if (regular.has(path))
        findings.push(finding('file_changed', path, `not the ${size} bytes of ${expected}`));
    } else if (bytes.byteLength !== size || sha256(bytes) !== expected)
      findings.push(finding('file_changed', path, `not the ${size} bytes of ${expected}`));
  }
  return findings;
}
