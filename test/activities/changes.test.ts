// Proves that what changes is found out once an approval request, on real evidence and the remote of a rehearsal, and is given
// again as it was. What is told is proven with src/adapters/steps/changes.ts.
import { rename } from 'node:fs/promises';

import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';

import { createActivities } from '../../activities/index.js';
import { changesSchema } from '../../src/contracts/changes.js';
import { readConfig } from '../../src/config.js';
import { REHEARSAL_REQUESTER } from '../../src/rehearsal/rehearsal.js';
import { createWiring } from '../../src/wiring.js';
import { scratchFolder } from '../adapters/runbook/written-runbook.js';
import { git, openForTest } from '../rehearsal/stand-in.js';

function inActivity<Input, Output>(
  activity: (input: Input) => Promise<Output>,
  input: Input,
): Promise<Output> {
  return new MockActivityEnvironment().run(activity, input);
}

test('what changes is found out once for each approval request', async () => {
  const rehearsal = await openForTest();
  const cwd = await scratchFolder();
  const environment = { PATH: process.env['PATH'], HOME: cwd, ...rehearsal.environment };
  const config = await readConfig({ cwd, environment });
  const { dependencies } = createWiring({ ...config, runbookFor: () => rehearsal.runbookFile });
  const { main, evidence } = createActivities(dependencies);
  const target = 'tau-production';
  const asked = {
    target,
    commit: rehearsal.commit,
    requester: REHEARSAL_REQUESTER,
    reason: '',
    again: false,
  };
  const admitted = await inActivity(main.admit, asked);
  if (!admitted.admitted) throw new Error(admitted.problems.join('\n'));
  const workflow = { id: `promotion/${target}`, firstExecutionRunId: 'first' };
  await inActivity(evidence.openRun, { admitted, input: asked, workflow });
  const { run, folder, subjectLine } = admitted;

  const tip = await git(rehearsal.remote, ['rev-parse', `refs/heads/${rehearsal.branch}`]);
  const first = await inActivity(main.describeChanges, { run, epoch: 1 });
  expect(first.changes).toMatchObject({
    since: null,
    base: { kind: 'branch', commit: tip },
    commitsProblem: null,
    runbook: { was: null },
  });
  expect(first.changes.commits[0]).toEqual({ hash: rehearsal.commit, subject: subjectLine });
  const kept = await dependencies.evidence.readJson(folder, 'approval-1/changes.json', changesSchema);
  expect(kept).toEqual(first.changes);

  await rename(rehearsal.remote, `${rehearsal.remote}.away`);
  expect(await inActivity(main.describeChanges, { run, epoch: 1 })).toEqual(first);
  const second = await inActivity(main.describeChanges, { run, epoch: 2 });
  expect(second.changes.commitsProblem).toMatch(/^remote_unreachable: /);
});
