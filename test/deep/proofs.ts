import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';
import { z } from 'zod';

import { entryDigest, genesis } from '../../src/adapters/evidence/journal.js';
import { createVerifier } from '../../src/adapters/signatures/verify.js';
import { openFolder } from '../../src/adapters/verification/run-files.js';
import { verifyRun } from '../../src/adapters/verification/verify.js';
import { believedOf } from '../support/believed-key.js';
import type { Stage } from '../support/stage.js';
import { branchTip, git, treeOf } from '../support/tau-controls.js';

const entrySchema = z.object({ seq: z.int(), prev: z.string(), kind: z.string(), run: z.string() });
const manifestSchema = z.object({
  journal: z.object({ seq: z.int(), head: z.string() }),
  files: z.array(z.object({ path: z.string(), size: z.int(), sha256: z.string() })),
});

/** Lets the remote write down every move of its branches, from now on. */
export async function keepMoves(stage: Pick<Stage, 'rehearsal'>): Promise<void> {
  git(stage, 'config', 'core.logAllRefUpdates', 'always');
}

/** The branch was moved by one push and has the commit, nothing else. */
export function expectPromotedOnce(stage: Pick<Stage, 'rehearsal'>): void {
  const { commit, branch } = stage.rehearsal;
  expect(branchTip(stage)).toBe(commit);
  expect(commitsSince(stage)).toEqual([commit]);
  expect(movesOf(stage, branch)).toEqual([commit]);
}

/** One push promoted, one reverted: the branch has both commits and the tree that it had before. */
export function expectRevertedOnce(stage: Pick<Stage, 'rehearsal'>): void {
  const { commit, branch, formerTip } = stage.rehearsal;
  const tip = branchTip(stage);
  expect(commitsSince(stage)).toEqual([tip, commit]);
  expect(movesOf(stage, branch)).toEqual([tip, commit]);
  expect(treeOf(stage, tip)).toBe(treeOf(stage, formerTip));
}

/** No gap, one chain from the run's beginning to the head that the manifest names, and a manifest of all files there are. Verifies. */
export async function expectWholeEvidence(
  stage: Pick<Stage, 'config'>,
  evidence: string,
  run: string,
): Promise<number> {
  const folder = join(stage.config.evidenceDir, evidence);
  const names = (await readdir(join(folder, 'journal'))).filter((name) => !name.startsWith('.tmp-')).sort();
  let prev: string = genesis(run);
  for (const [index, name] of names.entries()) {
    const bytes = await readFile(join(folder, 'journal', name));
    expect(entrySchema.parse(JSON.parse(bytes.toString('utf8')))).toMatchObject({
      seq: index + 1,
      prev,
      run,
    });
    prev = entryDigest(bytes);
  }
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  expect(manifest.journal).toEqual({ seq: names.length, head: prev });
  for (const { path, sha256 } of manifest.files)
    expect({ path, sha256: await digestOf(join(folder, path)) }).toEqual({ path, sha256 });
  expect(manifest.files.map(({ path }) => path).sort()).toEqual(await filesOf(folder));
  const { findings } = await verifyRun(await openFolder(folder, evidence), {
    keys: [await believedOf(stage.config)],
    signers: undefined,
    verify: NOBODY_SIGNED,
    anchor: undefined,
    anchoredAt: undefined,
  });
  expect(findings.map(({ code, where, detail }) => `${code} ${where} ${detail}`)).toEqual([
    expect.stringMatching(/^anchor_absent /),
  ]);
  return names.length;
}

const OVER_ALL = ['manifest.json', 'attestations.intoto.jsonl'];
const NOBODY_SIGNED = createVerifier({ searchPath: '/nowhere' });

async function digestOf(path: string): Promise<string> {
  return `sha256:${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`;
}

/** Everything but the manifest, what signs it, and what a killed writer left unfinished. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.tmp-') && !OVER_ALL.includes(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function commitsSince(stage: Pick<Stage, 'rehearsal'>): readonly string[] {
  const { formerTip, branch } = stage.rehearsal;
  return git(stage, 'rev-list', `${formerTip}..refs/heads/${branch}`).split('\n');
}

/** Newest first. */
function movesOf(stage: Pick<Stage, 'rehearsal'>, branch: string): readonly string[] {
  return git(stage, 'reflog', 'show', '--format=%H', `refs/heads/${branch}`).split('\n');
}
