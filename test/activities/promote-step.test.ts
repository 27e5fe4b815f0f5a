// Proves what the activity that promotes checks for itself before it touches anything, told only a run and a step: on real
// evidence, a real remote and the stand-in Tau. Who calls it, and when, is the workflow's to prove.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';

import { createActivities } from '../../activities/index.js';
import { readConfig } from '../../src/config.js';
import type { PromotionOutcome } from '../../src/contracts/step-record.js';
import { statementText } from '../../src/domain/statement.js';
import { REHEARSAL_APPROVER, REHEARSAL_REQUESTER, type Rehearsal } from '../../src/rehearsal/rehearsal.js';
import { createWiring } from '../../src/wiring.js';
import { scratchFolder } from '../adapters/runbook/written-runbook.js';
import { git, meet, openForTest } from '../rehearsal/stand-in.js';

const TARGET = 'tau-production';
const STEP = 'environment-branch';
const SILENT = new DefaultLogger('ERROR', () => {});
type Activities = ReturnType<typeof createActivities>;

/** A run that was opened on the worker's side, activity by activity, as the workflow would. */
class Run {
  readonly rehearsal: Rehearsal;
  readonly dependencies: ReturnType<typeof createWiring>['dependencies'];
  readonly activities: Activities;
  readonly run: string;
  readonly folder: string;

  constructor(
    rehearsal: Rehearsal,
    dependencies: Run['dependencies'],
    activities: Activities,
    opened: { readonly run: string; readonly folder: string },
  ) {
    this.rehearsal = rehearsal;
    this.dependencies = dependencies;
    this.activities = activities;
    this.run = opened.run;
    this.folder = opened.folder;
  }

  async approve(epoch = 1): Promise<void> {
    const { run } = this;
    const { appendJournal, requestApproval, recordDecision } = this.activities.evidence;
    const at = Date.now();
    const entry = {
      run,
      head: { seq: epoch - 1, digest: `sha256:${'0'.repeat(64)}` },
      at,
      kind: 'test',
      body: {},
    };
    const head = await inActivity(appendJournal, entry);
    const request = { run, epoch, round: 'validation-1', head, expiresAt: at + 60_000 };
    const { digest: subject, request: nonce } = await inActivity(requestApproval, request);
    const statement = statementText({
      v: 1,
      type: 'promotion-decision.v1',
      deployment: this.dependencies.deployment,
      target: TARGET,
      at: new Date(at).toISOString(),
      by: REHEARSAL_APPROVER,
      run,
      subject,
      request: nonce,
      verdict: 'approve',
      comment: '',
    });
    const decision = { run, epoch, submission: { statement, signature: null } };
    const { refusal } = await inActivity(recordDecision, decision);
    if (refusal !== undefined) throw new Error(`refused: ${refusal}`);
  }

  async preflight(epoch = 1): Promise<void> {
    const { loaded } = await this.dependencies.evidence.known(this.run);
    const round = `preflight-${epoch}`;
    for (const { id, derivedFrom } of loaded.plan.gates.toSorted(
      (a, b) => a.derivedFrom.length - b.derivedFrom.length,
    )) {
      const request = { run: this.run, round, gate: id };
      const { askGate } = this.activities.main;
      await inActivity(derivedFrom.length === 0 ? askGate : this.activities.evidence.deriveGate, request);
    }
  }

  /** As the preflight does it: whether a rollback could run. */
  async checkRollback(epoch = 1): Promise<readonly string[]> {
    const request = { run: this.run, at: `preflight-${epoch}` };
    return (await inActivity(this.activities.main.checkRollback, request)).problems;
  }

  promote(step = STEP): Promise<PromotionOutcome> {
    return inActivity(this.activities.main.promoteStep, { run: this.run, step });
  }

  tip(): Promise<string> {
    return git(this.rehearsal.remote, ['rev-parse', `refs/heads/${this.rehearsal.branch}`]);
  }
}

/** The workflow that holds the target's lock. */
const LOCK = { workflowExecution: { workflowId: `promotion/${TARGET}`, runId: 'first' } };

function inActivity<Input, Output>(
  activity: (input: Input) => Promise<Output>,
  input: Input,
): Promise<Output> {
  return new MockActivityEnvironment(LOCK, { logger: SILENT }).run(activity, input);
}

/** @param rollback a key of the runbook's rollback, where a test needs another one than it ships */
async function openRun(rollback?: string): Promise<Run> {
  const rehearsal = await openForTest();
  if (rollback !== undefined) {
    const text = await readFile(rehearsal.runbookFile, 'utf8');
    await writeFile(rehearsal.runbookFile, text.replace('\nrollback:\n', `\nrollback:\n  ${rollback}\n`));
  }
  const cwd = await scratchFolder();
  const environment = { PATH: process.env['PATH'], HOME: cwd, ...rehearsal.environment };
  const config = await readConfig({ cwd, environment });
  const { dependencies } = createWiring({ ...config, runbookFor: () => rehearsal.runbookFile });
  const activities = createActivities(dependencies);
  const input = {
    target: TARGET,
    commit: rehearsal.commit,
    requester: REHEARSAL_REQUESTER,
    reason: 'test',
    again: false,
  };
  const admitted = await inActivity(activities.main.admit, input);
  if (!admitted.admitted) throw new Error(admitted.problems.join('\n'));
  const workflow = { id: `promotion/${TARGET}`, firstExecutionRunId: 'first' };
  await inActivity(activities.evidence.openRun, { admitted, input, workflow });
  return new Run(rehearsal, dependencies, activities, admitted);
}

async function openReadyRun(): Promise<Run> {
  const run = await openRun();
  await run.approve();
  await run.preflight();
  const problems = await run.checkRollback();
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return run;
}

test('a workflow that does not hold the target’s lock promotes nothing', async () => {
  const run = await openReadyRun();
  const elsewhere = { workflowExecution: { workflowId: 'promotion/elsewhere', runId: 'first' } };
  const { promoteStep } = run.activities.main;
  const outcome = await new MockActivityEnvironment(elsewhere, { logger: SILENT }).run(promoteStep, {
    run: run.run,
    step: STEP,
  });
  expect(outcome).toMatchObject({ done: false, code: 'not_the_lock', effect: 'none' });
});

test('a run that another one was opened after promotes nothing', async () => {
  const run = await openReadyRun();
  const later = '20991231T235959999Z-00000001';
  await run.dependencies.store.put(`20991231T235959Z-${TARGET}-${later}`, 'run.json', Buffer.from('{}'));
  expect(await run.promote()).toMatchObject({ done: false, code: 'other_run_since', effect: 'none' });
});

test('what was approved long ago is promoted no more', async () => {
  const run = await openReadyRun();
  const { evidence, verify, ballots, loadRunbook } = run.dependencies;
  const current = await loadRunbook(TARGET);
  const [soon, late] = [Date.now() + 1_800_000, Date.now() + 7_200_000];
  expect(await ballots.refuseByPeople(evidence, verify, run.run, current, soon)).toBeUndefined();
  expect(await ballots.refuseByPeople(evidence, verify, run.run, current, late)).toBe('approval_too_old');
});

test('a step that could not run is no reason to refuse where the runbook waives it by name', async () => {
  const run = await openRun('promoteUnrollbackable: [gateway-stop]');
  await run.approve();
  await run.preflight();
  await rename(join(run.rehearsal.workspace, '.tau/gateway'), join(run.rehearsal.workspace, '.tau/x'));
  expect(await run.checkRollback()).toEqual([]);
  const kept = await run.dependencies.store.get(run.folder, 'preflight-1/rollback-check.json');
  expect(JSON.parse(Buffer.from(kept ?? '').toString('utf8'))).toMatchObject({
    problems: [],
    waived: [expect.stringMatching(/^gateway-stop: .*state\.json is not there/)],
  });
  expect(await run.promote()).toMatchObject({ done: true });
});

test('an approved run whose preflight passed promotes, and keeps that it did', async () => {
  const run = await openReadyRun();
  expect(await run.promote()).toMatchObject({ done: true, code: 'branch_moved' });
  expect(await run.tip()).toBe(run.rehearsal.commit);
  expect(await run.dependencies.store.list(run.folder, 'promotion/')).toEqual([
    `promotion/${STEP}.done.json`,
    `promotion/${STEP}.intent.json`,
  ]);
  expect(await run.promote()).toMatchObject({ done: true });
});

const refused = async (run: Run, code: string, step?: string): Promise<void> => {
  const before = await run.tip();
  expect(await run.promote(step)).toMatchObject({ done: false, code, effect: 'none' });
  expect(await run.tip()).toBe(before);
  expect(await run.dependencies.store.list(run.folder, 'promotion/')).toEqual([]);
};

describe('nothing is promoted', () => {
  test('without a vote', async () => {
    const run = await openRun();
    await run.preflight();
    await refused(run, 'quorum_not_met');
  });

  test('without a preflight', async () => {
    const run = await openRun();
    await run.approve();
    await refused(run, 'preflight_not_passed');
  });

  test('where nobody checked whether a rollback could run', async () => {
    const run = await openRun();
    await run.approve();
    await run.preflight();
    await refused(run, 'not_rollbackable');
  });

  test('where a rollback could not run', async () => {
    const run = await openRun();
    await run.approve();
    await run.preflight();
    await rename(
      join(run.rehearsal.workspace, '.tau/gateway'),
      join(run.rehearsal.workspace, '.tau/elsewhere'),
    );
    expect(await run.checkRollback()).toEqual([
      expect.stringMatching(/^gateway-stop: .*state\.json is not there/),
    ]);
    await refused(run, 'not_rollbackable');
  });

  test('where a rollback could not run, also where another step is waived by name', async () => {
    const run = await openRun('promoteUnrollbackable: [deployment-revert]');
    await run.approve();
    await run.preflight();
    await rename(join(run.rehearsal.workspace, '.tau/gateway'), join(run.rehearsal.workspace, '.tau/x'));
    expect(await run.checkRollback()).toHaveLength(1);
    await refused(run, 'not_rollbackable');
  });

  test('where a gate held in the preflight', async () => {
    const run = await openRun();
    await run.approve();
    meet(run.rehearsal, { daemon: 'not-running' });
    await run.preflight();
    await refused(run, 'preflight_not_passed');
  });

  test('on the approval of the request before', async () => {
    const run = await openReadyRun();
    const head = { seq: 1, digest: `sha256:${'0'.repeat(64)}` };
    const next = { run: run.run, epoch: 2, round: 'validation-2', head, expiresAt: Date.now() + 60_000 };
    await inActivity(run.activities.evidence.requestApproval, next);
    await refused(run, 'quorum_not_met');
  });

  test('where what a vote said was changed on the disk', async () => {
    const run = await openReadyRun();
    const { store } = run.dependencies;
    const [vote = ''] = (await store.list(run.folder, 'approval-1/')).filter((path) =>
      path.endsWith('.statement.json'),
    );
    await writeFile(join(store.locate(run.folder), vote), '{}');
    await refused(run, 'quorum_not_met');
  });

  test('where the runbook is another one now', async () => {
    const run = await openReadyRun();
    const file = run.rehearsal.runbookFile;
    await writeFile(
      file,
      (await readFile(file, 'utf8')).replace('selfApproval: false', 'selfApproval: true'),
    );
    await refused(run, 'runbook_changed');
  });

  test('where a rollback has begun', async () => {
    const run = await openReadyRun();
    await run.dependencies.store.put(run.folder, 'rollback/gateway-stop.1.json', Buffer.from('{}'));
    await refused(run, 'rollback_begun');
  });

  test('where the run is sealed', async () => {
    const run = await openReadyRun();
    await run.dependencies.store.put(run.folder, 'manifest.json', Buffer.from('{}'));
    await refused(run, 'run_sealed');
  });

  test('by a step that the runbook does not have', async () => {
    await refused(await openReadyRun(), 'unknown_step', 'nonsense');
  });

  test('for a run without evidence', async () => {
    const run = await openRun();
    const { promoteStep } = run.activities.main;
    const stranger = { run: '20260102T030405678Z-00000000', step: STEP };
    const environment = new MockActivityEnvironment(LOCK, { logger: SILENT });
    await expect(environment.run(promoteStep, stranger)).rejects.toMatchObject({
      type: 'evidence_unavailable',
    });
  });
});

test('a rollback of a run that promoted nothing is verified and leaves the branch', async () => {
  const run = await openRun();
  const { rollBackStep, verifyRollBackStep } = run.activities.rollback;
  const request = { run: run.run, step: 'deployment-revert', attempt: 1, deadlineMs: 20_000 };
  expect(await inActivity(rollBackStep, request)).toMatchObject({ verified: true, code: 'never_on_branch' });
  expect(await inActivity(verifyRollBackStep, request)).toMatchObject({ verified: true });
  expect(await run.tip()).toBe(run.rehearsal.formerTip);
  expect(await run.dependencies.store.list(run.folder, 'rollback/')).toEqual([
    'rollback/begun.json',
    'rollback/deployment-revert.1.json',
  ]);
});

test('a gate that a round has an answer of is not asked again', async () => {
  const run = await openRun();
  const request = { run: run.run, round: 'validation-1', gate: 'gateway-status' };
  const first = await inActivity(run.activities.main.askGate, request);
  expect(first).toMatchObject({ verdict: 'pass' });
  meet(run.rehearsal, { gatewayStopped: 'operator_requested' });
  expect(await inActivity(run.activities.main.askGate, request)).toEqual(first);
  const second = await inActivity(run.activities.main.askGate, { ...request, round: 'validation-2' });
  expect(second).toMatchObject({ verdict: 'hold' });
});
