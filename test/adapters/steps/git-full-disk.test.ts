// Proves that a git whose writes fail, as on a full disk, never ends in a false promoted or rolled back, and that it recovers
// once there is room. A limit on the size of files stands for the disk: git reports both alike.
import { rmSync, writeFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { KnownRun } from '../../../src/adapters/evidence/run-evidence.js';
import { createGit } from '../../../src/adapters/git/repository.js';
import { promoteByGit, type GitTools } from '../../../src/adapters/steps/git-steps.js';
import {
  checkRevert,
  revertByGit,
  revertStepOf,
  verifyRevert,
} from '../../../src/adapters/steps/revert-steps.js';
import type { PromotionStep } from '../../../src/contracts/runbook-steps.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';
import { openRun } from '../evidence/opened-run.js';
import { load, smallRunbook } from '../runbook/written-runbook.js';

const NEVER = new AbortController().signal;

interface Setting {
  readonly remote: RemoteFixture;
  readonly known: KnownRun;
  readonly promotion: PromotionStep;
  readonly tools: GitTools;
  /** From now on no file can be written, until `freed`. */
  readonly fill: () => void;
  readonly freed: () => void;
}

async function aSetting(): Promise<Setting> {
  const remote = createRemote();
  onTestFinished(remote.remove);
  const commit = remote.commit({ files: { 'app.txt': 'two\n' }, parents: [remote.first] });
  const loaded = await load(smallRunbook(), { set: { remote: remote.url } });
  const opened = await openRun({ loaded, record: { commit } });
  const known = await opened.known();
  const [step] = known.loaded.runbook.promotion.steps;
  if (step === undefined) throw new Error('no step');
  const bin = mkdtempSync(join(remote.scratch, 'bin-'));
  const full = join(bin, 'full');
  const script = `#!/bin/sh\ntrap '' XFSZ\nif test -e ${full}; then ulimit -f 0; fi\nexec /usr/bin/env PATH=/usr/local/bin:/usr/bin:/bin git "$@"\n`;
  writeFileSync(join(bin, 'git'), script, { mode: 0o755 });
  const git = createGit({
    mirrorsDir: join(remote.scratch, 'mirrors'),
    env: { PATH: `${bin}:/usr/bin:/bin` },
  });
  return {
    remote,
    known,
    // A short time: what a full disk makes wait is over soon.
    promotion: { ...step, deadline: 1_500 },
    tools: { git, evidence: opened.evidence, secretsOf: () => ({}), unrecorded: new Map() },
    fill: () => writeFileSync(full, ''),
    freed: () => rmSync(full),
  };
}

function revertOf({ known }: Setting, deadlineMs = 2_500) {
  const [step] = known.loaded.runbook.rollback.steps;
  const revert = step === undefined ? undefined : revertStepOf(known, step);
  if (revert === undefined) throw new Error('no revert');
  return { ...revert, deadlineMs };
}

describe('on a full disk', () => {
  test('nothing is promoted, with proof that nothing changed, and the preflight says why', async () => {
    const setting = await aSetting();
    const { remote, tools, known, promotion, fill, freed } = setting;
    fill();
    expect(await checkRevert(tools, known, revertOf(setting), NEVER)).toMatch(/^disk_full: .+Make room/u);
    expect(await promoteByGit(tools, known, promotion, NEVER)).toMatchObject({
      done: false,
      code: 'disk_full',
      effect: 'none',
    });
    expect(remote.tip()).toBe(remote.first);
    freed();
    expect(await promoteByGit(tools, known, promotion, NEVER)).toMatchObject({ done: true });
    expect(remote.tip()).toBe(known.record.commit);
  });

  test('a rollback is not verified, and is made as soon as there is room', async () => {
    const setting = await aSetting();
    const { remote, tools, known, promotion, fill, freed } = setting;
    await promoteByGit(tools, known, promotion, NEVER);
    fill();
    expect(await revertByGit(tools, known, revertOf(setting), NEVER)).toMatchObject({
      verified: false,
      code: 'disk_full',
    });
    expect(remote.tip()).toBe(known.record.commit);
    const waiting = revertByGit(tools, known, revertOf(setting, 60_000), NEVER);
    freed();
    expect(await waiting).toMatchObject({ verified: true, code: 'revert_on_branch' });
    expect(await verifyRevert(tools, known, revertOf(setting), NEVER)).toMatchObject({ verified: true });
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
  });
});
