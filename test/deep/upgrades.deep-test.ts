import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { connectClient, deploymentNameOf } from '../../src/client.js';
import type { Timings } from '../../src/rehearsal/timings.js';
import { changedBuild, type ChangedBuild } from '../support/changed-build.js';
import { withStage, type Stage } from '../support/stage.js';
import { expectRolledBack } from '../support/tau-controls.js';
import { addLastingStep } from './lasting-step.js';
import { expectWholeEvidence } from './proofs.js';

/**
 * Proves that a promotion goes on and ends as it would have when every worker is replaced, in each phase, by a build whose workflow
 * does something more: its evidence is whole, and the change is in the history from then on. Once by ending the old workers first,
 * and once by Temporal's worker versions, with both builds at work. It ends at one change; what a change may be is
 * docs/how-to/upgrade-workers.md.
 */
const address = inject('temporalAddress');
let later: ChangedBuild;
beforeAll(async () => (later = await changedBuild()));
afterAll(() => later.remove());

interface Phase {
  readonly phase: string;
  readonly scenario?: string;
  readonly timings?: Partial<Timings>;
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** From the start until it is in that phase. */
  readonly reach: (stage: Stage) => Promise<unknown>;
  readonly goOn?: (stage: Stage) => Promise<unknown>;
  readonly end: string;
}

const seen = async (stage: Stage, phase: string): Promise<unknown> =>
  stage.until((view) => view.phase === phase, 20);
const approved = async (stage: Stage): Promise<void> => {
  await stage.start();
  await stage.decide();
};

const PHASES: readonly Phase[] = [
  {
    phase: 'validating',
    scenario: 'slow',
    reach: async (stage) => {
      await stage.start();
      await stage.until((view) => view.doing.startsWith('ask-round'), 20);
    },
    goOn: (stage) => stage.decide(),
    end: 'promoted',
  },
  {
    phase: 'remediating',
    scenario: 'hold-stays',
    timings: { manualDeadlineMs: 600_000 },
    reach: async (stage) => {
      await stage.start();
      await stage.until((view) => view.manual !== undefined);
    },
    goOn: (stage) => stage.order('remediated'),
    end: 'stopped',
  },
  {
    phase: 'awaiting-approval',
    reach: async (stage) => {
      await stage.start();
      await stage.until((view) => view.approval !== undefined);
    },
    goOn: (stage) => stage.decide(),
    end: 'promoted',
  },
  {
    phase: 'promoting',
    prepare: addLastingStep,
    reach: async (stage) => {
      await approved(stage);
      await stage.until((view) => view.log.some(({ text }) => text === 'promoting: lasting'), 20);
    },
    end: 'promoted',
  },
  {
    phase: 'watching',
    timings: { watchWindowMs: 15_000 },
    reach: async (stage) => {
      await approved(stage);
      await seen(stage, 'watching');
    },
    end: 'promoted',
  },
  {
    phase: 'rolling-back',
    scenario: 'failing-after-promotion',
    timings: { confirmAfterMs: 10_000 },
    reach: async (stage) => {
      await approved(stage);
      await seen(stage, 'rolling-back');
    },
    end: 'rolled-back',
  },
  {
    phase: 'rollback-failed',
    scenario: 'wrong-directory',
    reach: async (stage) => {
      await stage.start();
      await seen(stage, 'rollback-failed');
    },
    goOn: (stage) => stage.order('acknowledge'),
    end: 'rollback-acknowledged',
  },
];

describe('a promotion whose workers are replaced by a build with a changed workflow', () => {
  test.each(PHASES.map((each) => [each.phase, each] as const))(
    'while %s goes on and ends right',
    async (_, { scenario, timings, prepare, reach, goOn, end }) => {
      await withStage(
        {
          address,
          scenario: scenario ?? 'healthy',
          timings: timings ?? {},
          prepare: prepare ?? (async () => {}),
        },
        async (stage) => {
          await reach(stage);
          await stage.stopWorker();
          await stage.startWorker({ bundle: later.bundle });
          await goOn?.(stage);
          await expectEnded(stage, end);
        },
      );
    },
  );

  test('by its name goes over to it while it waits, with the former build still at work', async () => {
    await withStage({ address, worker: false }, async (stage) => {
      const older = stage.another();
      await older.startWorker({ buildId: 'one' });
      const client = await connectClient({
        address,
        namespace: 'default',
        connection: {},
        taskQueue: stage.config.taskQueue,
      });
      const deployment = deploymentNameOf(stage.config);
      try {
        await expect(client.useBuild(deployment, 'never-started', 'test')).rejects.toMatchObject({
          code: 'refused',
        });
        await usable(() => client.useBuild(deployment, 'one', 'test'));
        await stage.start();
        await stage.until((view) => view.approval !== undefined);
        await stage.startWorker({ buildId: 'two', bundle: later.bundle });
        await usable(() => client.useBuild(deployment, 'two', 'test'));
        await stage.decide();
        await expectEnded(stage, 'promoted');
      } finally {
        await client.close();
        await older.stopWorker();
      }
    });
  });
});

async function expectEnded(stage: Stage, end: string): Promise<void> {
  const result = await stage.result();
  expect(result).toMatchObject({ end });
  if (end === 'rolled-back') await expectRolledBack(stage);
  await expectWholeEvidence(stage, result.evidence, result.run);
  const { events } = await stage.handle.fetchHistory();
  const patches = (events ?? []).filter(({ markerRecordedEventAttributes: marker }) => Boolean(marker));
  // How it is written, and the change.
  expect(patches).toHaveLength(2);
}

/** A build's queues are known to the server a moment after its workers poll. */
async function usable(use: () => Promise<void>): Promise<void> {
  await expect.poll(() => use().then(() => 'used', String), { timeout: 60_000, interval: 200 }).toBe('used');
}
