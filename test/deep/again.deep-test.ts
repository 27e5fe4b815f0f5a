import { describe, expect, inject, test } from 'vitest';

import { withStage, type Stage } from '../support/stage.js';
import { branchTip, evidence, expectRolledBack, startGateway, treeOf } from '../support/tau-controls.js';

/**
 * Proves what a target remembers after a rollback, on the worker's side: the command line is not trusted, and what Temporal
 * keeps is not asked. On the real server, with a real git remote.
 */
const address = inject('temporalAddress');

async function rollBackByHand(stage: Stage): Promise<string> {
  await stage.decide();
  await stage.until((seen) => seen.phase === 'watching');
  await stage.order('rollback');
  const { run, end } = await stage.result();
  expect(end).toBe('rolled-back');
  return run;
}

describe('the same commit after a rollback', () => {
  test('is refused by the worker, and promoted again where it is asked for by name: whole, and rolled back once more', () =>
    withStage({ address, timings: { watchWindowMs: 600_000 } }, async (stage) => {
      await stage.start();
      const first = await rollBackByHand(stage);
      startGateway(stage);
      const refused = await (await stage.start()).result();
      expect(refused).toMatchObject({ end: 'stopped', run: '' });
      expect(refused.reason).toContain(`rolled back by the run ${first}`);

      await stage.start({ again: true, reason: 'the database is back' });
      await stage.decide();
      const second = await stage.until((seen) => seen.phase === 'watching' && seen.run !== first);
      expect(treeOf(stage, branchTip(stage))).toBe(treeOf(stage, stage.rehearsal.commit));
      expect(await evidence(stage, second.evidence, 'run.json')).toMatchObject({
        again: true,
        reason: 'the database is back',
        previous: { run: first, end: 'rolled-back' },
        rolledBack: { run: first, commit: stage.rehearsal.commit, end: 'rolled-back' },
      });
      await stage.order('rollback');
      expect((await stage.result()).end).toBe('rolled-back');
      await expectRolledBack(stage);
    }));
});
