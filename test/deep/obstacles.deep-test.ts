import { execFileSync } from 'node:child_process';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, inject, test } from 'vitest';

import { withStage, type Stage } from '../support/stage.js';
import { branchTip, expectRolledBack, gatewayStatus, git, treeOf } from '../support/tau-controls.js';

/**
 * Proves that what stands in the way of a rollback makes it fail in the open or is overcome, and never ends in a false
 * "rolled back": on the real server with the rehearsal Tau and a real git remote. The wrong directory, a gateway that is
 * out of reach and a full disk stand in the server suite.
 */
const address = inject('temporalAddress');
const WATCHED = { watchWindowMs: 600_000, rollbackDeadlineMs: 4_000 };

async function untilWatching(stage: Stage): Promise<void> {
  await stage.start();
  await stage.decide();
  await stage.until((seen) => seen.phase === 'watching');
}

async function expectStopped(stage: Stage): Promise<void> {
  expect((await gatewayStatus(stage)).service).toMatchObject({ service_status: 'stopped' });
}

describe('a rollback', () => {
  test('that conflicts with what was pushed since leaves the branch untouched and names the file', () =>
    withStage({ address, timings: WATCHED }, async (stage) => {
      await untilWatching(stage);
      const [file] = promotedFiles(stage);
      if (file === undefined) throw new Error('the promotion changed no file');
      const theirs = pushFile(stage, file, 'changed by others\n');
      await stage.order('rollback');
      const failed = await stage.until((seen) => seen.phase === 'rollback-failed');
      expect(failed.unverified.join()).toContain('deployment-revert: revert_conflict');
      expect(failed.unverified.join()).toContain(file);
      expect(branchTip(stage)).toBe(theirs);
      // Every step is tried even if another failed.
      await expectStopped(stage);

      git(stage, 'update-ref', `refs/heads/${stage.rehearsal.branch}`, stage.rehearsal.commit);
      expect(await stage.order('retry-rollback')).toMatchObject({ accepted: true });
      expect((await stage.result()).end).toBe('rolled-back');
      await expectRolledBack(stage);
    }));

  test('whose push is refused fails, and is ended by a retry once the remote takes it', () =>
    withStage({ address, timings: WATCHED }, async (stage) => {
      await untilWatching(stage);
      const hook = await refusePushes(stage);
      await stage.order('rollback');
      const failed = await stage.until((seen) => seen.phase === 'rollback-failed');
      expect(failed.unverified.join()).toContain('deployment-revert');
      expect(branchTip(stage)).toBe(stage.rehearsal.commit);
      await expectStopped(stage);

      await rm(hook);
      expect(await stage.order('retry-rollback')).toMatchObject({ accepted: true });
      expect((await stage.result()).end).toBe('rolled-back');
      await expectRolledBack(stage);
    }));

  test('of a branch that moved on keeps what others pushed, and gives back the rest', () =>
    withStage({ address, timings: WATCHED }, async (stage) => {
      await untilWatching(stage);
      const theirs = pushFile(stage, 'others.txt', 'of others\n');
      await stage.order('rollback');
      expect((await stage.result()).end).toBe('rolled-back');
      await expectStopped(stage);
      const tip = branchTip(stage);
      expect(git(stage, 'rev-list', '--parents', '-n', '1', tip)).toBe(`${tip} ${theirs}`);
      expect(git(stage, 'show', `${tip}:others.txt`)).toBe('of others');
      const changed = git(stage, 'diff-tree', '-r', '--name-only', stage.rehearsal.formerTip, tip);
      expect(changed).toBe('others.txt');
    }));

  test('of a remote that went away fails, and is ended by a retry once it is back', () =>
    withStage({ address, timings: WATCHED }, async (stage) => {
      await untilWatching(stage);
      const { remote, formerTip } = stage.rehearsal;
      const tree = treeOf(stage, formerTip);
      execFileSync('mv', [remote, `${remote}.away`]);
      await stage.order('rollback');
      await stage.until((seen) => seen.phase === 'rollback-failed');
      execFileSync('mv', [`${remote}.away`, remote]);
      expect(await stage.order('retry-rollback')).toMatchObject({ accepted: true });
      expect((await stage.result()).end).toBe('rolled-back');
      expect(treeOf(stage, branchTip(stage))).toBe(tree);
    }));
});

function promotedFiles(stage: Stage): readonly string[] {
  const { formerTip, commit } = stage.rehearsal;
  return git(stage, 'diff-tree', '-r', '--name-only', formerTip, commit).split('\n');
}

/** Somebody else's push to the environment branch: one file on top of what is there. */
function pushFile(stage: Stage, name: string, text: string): string {
  const branch = `refs/heads/${stage.rehearsal.branch}`;
  const { remote } = stage.rehearsal;
  const run = (args: readonly string[], input: string): string =>
    execFileSync('git', ['-C', remote, ...args], { encoding: 'utf8', input }).trim();
  const blob = run(['hash-object', '-w', '--stdin'], text);
  const kept = git(stage, 'ls-tree', branch)
    .split('\n')
    .filter((line) => !line.endsWith(`\t${name}`));
  const tree = run(['mktree'], `${[...kept, `100644 blob ${blob}\t${name}`].join('\n')}\n`);
  const commit = git(stage, 'commit-tree', tree, '-p', branch, '-m', `Change ${name}`);
  git(stage, 'update-ref', branch, commit);
  return commit;
}

/** As a protected branch does. */
async function refusePushes({ rehearsal }: Stage): Promise<string> {
  const hook = join(rehearsal.remote, 'hooks/pre-receive');
  await writeFile(hook, '#!/bin/sh\necho "this branch takes no pushes" >&2\nexit 1\n');
  await chmod(hook, 0o755);
  return hook;
}
