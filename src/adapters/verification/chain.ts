import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { headSchema, type TargetHead } from '../../contracts/manifest.js';
import { runRecordSchema } from '../../contracts/run-record.js';
import type { Finding } from '../../domain/verification.js';
import { inFindingOrder, isWarning } from '../../domain/verification.js';
import { sha256 } from '../canonical.js';
import { MANIFEST } from '../evidence/sealed-files.js';
import { finding, parseForm, readForm } from './findings.js';
import { UnreadableEvidence, openFolder, readRegular, type RunFiles } from './run-files.js';
import { verifyRun, type Trust, type VerifiedRun } from './verify.js';

/** All runs of a target, and what is wrong between them. */
export interface VerifiedTarget {
  readonly target: string;
  readonly runs: readonly VerifiedRun[];
  /** Of the chain: runs that are missing or do not follow each other. */
  readonly findings: readonly Finding[];
}

/**
 * Every run of a target by itself, and all of them as one chain: each names the one before, so none can be taken out or
 * exchanged. The run after it is what vouches for a run; the newest has nothing after it.
 *
 * @param folders names of the target's run folders, oldest first
 */
export async function verifyTarget(
  root: string,
  target: string,
  folders: readonly string[],
  trust: Omit<Trust, 'anchor' | 'anchoredAt'>,
  anchor: string | undefined,
): Promise<VerifiedTarget> {
  const heads = await readHeads(root, target);
  const anchors = await anchorsOf(root, folders);
  const newest = heads.at(-1)?.run ?? runOf(folders.at(-1) ?? '');
  const runs: VerifiedRun[] = [];
  for (const name of folders) {
    const after = anchors.get(runOf(name));
    const own = runOf(name) === newest ? (anchor ?? after?.manifest) : after?.manifest;
    const verified = await verifyIn(root, name, { ...trust, anchor: own, anchoredAt: after?.openedAt });
    if (verified !== undefined) runs.push(verified);
  }
  return {
    target,
    runs,
    findings: inFindingOrder([
      ...emptyFindings(heads, runs, target, anchor),
      ...chainFindings(heads, runs, target),
    ]),
  };
}

/** Undefined for an opening that was cut short: it is no run, nothing came of it. One that can't be read keeps no other from it. */
async function verifyIn(root: string, name: string, trust: Trust): Promise<VerifiedRun | undefined> {
  try {
    const files = await openFolder(join(root, name), name);
    if (!files.entries.some(({ path }) => path === 'run.json' || path === MANIFEST)) return undefined;
    return await verifyRun(files, trust);
  } catch (error) {
    if (!(error instanceof UnreadableEvidence)) throw error;
    const findings = [finding('manifest_malformed', name, error.message)];
    return { run: name, end: undefined, manifest: undefined, previous: null, findings };
  }
}

/** Where there is nothing to verify, nothing holds. */
function emptyFindings(
  heads: readonly TargetHead[],
  runs: readonly VerifiedRun[],
  target: string,
  anchor: string | undefined,
): readonly Finding[] {
  if (runs.length > 0 || heads.length > 0) return [];
  const nothing = finding('previous_run_missing', target, 'there is no run of this target here');
  return anchor === undefined
    ? [nothing]
    : [nothing, finding('anchor_mismatch', target, `no run has the manifest ${anchor}`)];
}

/** The run before a run, as far as its folder is beside it. */
export async function previousFindings(root: string, run: VerifiedRun): Promise<readonly Finding[]> {
  const { previous } = run;
  if (previous === null) return [];
  const name = await siblingOf(root, previous.run);
  const bytes =
    name === undefined ? undefined : await (await openFolder(join(root, name), name)).read(MANIFEST);
  if (bytes === undefined)
    return [finding('previous_run_missing', previous.run, `the sealed run before ${run.run} is not there`)];
  return sha256(bytes) === previous.manifest
    ? []
    : [finding('previous_run_mismatch', previous.run, `not the run that ${run.run} followed`)];
}

export function holds(findings: readonly Finding[]): boolean {
  return findings.every(isWarning);
}

function chainFindings(
  heads: readonly TargetHead[],
  runs: readonly VerifiedRun[],
  target: string,
): readonly Finding[] {
  const findings: Finding[] = [];
  const sealed = runs.filter(({ manifest }) => manifest !== undefined);
  const byRun = new Map(sealed.map((run) => [run.run, run]));
  for (const { run, manifest } of heads) {
    const there = byRun.get(run);
    if (there === undefined)
      findings.push(
        finding('previous_run_missing', run, `${target} had this run sealed, and it is not there`),
      );
    else if (there.manifest !== manifest)
      findings.push(finding('previous_run_mismatch', run, 'not the run that was sealed'));
  }
  for (const { run, previous } of sealed) {
    if (previous === null) {
      if (heads[0] !== undefined && heads[0].run !== run)
        findings.push(
          finding('previous_run_missing', run, 'it names no run before it, and is not the first'),
        );
      continue;
    }
    const before = byRun.get(previous.run);
    if (before === undefined)
      findings.push(finding('previous_run_missing', previous.run, `the run before ${run} is not there`));
    else if (before.manifest !== previous.manifest)
      findings.push(finding('previous_run_mismatch', previous.run, `not the run that ${run} followed`));
  }
  const followed = sealed.flatMap(({ previous }) => (previous === null ? [] : [previous.run]));
  for (const run of new Set(followed.filter((each, index) => followed.indexOf(each) < index)))
    findings.push(finding('previous_run_mismatch', run, 'two runs say that they followed it'));
  const listed = new Set(heads.map(({ run }) => run));
  for (const { run } of sealed)
    if (!listed.has(run))
      findings.push(finding('previous_run_mismatch', run, 'sealed, and never the latest run'));
  return findings;
}

interface Anchor {
  readonly manifest: string;
  /** ms since the epoch: when the run after it was opened, which named it from then on. */
  readonly openedAt: number;
}

/** What the run after each names as the one before it. */
async function anchorsOf(root: string, folders: readonly string[]): Promise<ReadonlyMap<string, Anchor>> {
  const anchors = new Map<string, Anchor>();
  for (const name of folders) {
    // A run that can't be read anchors none; that it can't is told of itself.
    const bytes = await readRegular(join(root, name, 'run.json')).catch(() => undefined);
    const record = bytes === undefined ? undefined : parseForm(bytes, runRecordSchema);
    const previous = record?.previous;
    if (record !== undefined && previous !== undefined && previous !== null)
      anchors.set(previous.run, { manifest: previous.manifest, openedAt: Date.parse(record.openedAt) });
  }
  return anchors;
}

async function readHeads(root: string, target: string): Promise<readonly TargetHead[]> {
  let files: RunFiles;
  try {
    files = await openFolder(join(root, 'heads', target), target);
  } catch (error) {
    if (error instanceof UnreadableEvidence) return [];
    throw error;
  }
  const heads: TargetHead[] = [];
  for (const { path } of files.entries) {
    const head = await readForm(files, path, headSchema);
    if (head !== undefined && head.target === target) heads.push(head);
  }
  return heads.toSorted((a, b) => a.seq - b.seq);
}

async function siblingOf(root: string, run: string): Promise<string | undefined> {
  return (await readdir(root)).find((name) => name.endsWith(`-${run}`));
}

const RUN_LENGTH = '20260102T030405678Z-5f0c2a9e'.length;

function runOf(folder: string): string {
  return folder.slice(-RUN_LENGTH);
}
