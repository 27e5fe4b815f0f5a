import { DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, describe, expect, inject, test } from 'vitest';

import { withStage } from '../support/stage.js';
import { CASES } from '../replay/cases.js';
import { withCachelessWorker } from './cacheless-worker.js';

/**
 * Proves that the workflows keep nothing outside what replay rebuilds: every task of these promotions is a replay from
 * the first event, with updates, queries and cancelled work in it, on the real server. A replay worker can't show it: it
 * takes no cache size.
 */
const address = inject('temporalAddress');
const PLAYED = CASES.filter(({ name }) =>
  ['rolled-back-by-order', 'rollback-failed-then-retried', 'preflight-voided-then-promoted'].includes(name),
);

beforeAll(() => void Runtime.install({ logger: new DefaultLogger('ERROR') }));

describe('without a cache', () => {
  test.each(PLAYED)('$name ends $end, and no workflow task failed', ({ stage: options, play, end }) =>
    withStage({ ...options, address, worker: false }, async (stage) => {
      await withCachelessWorker(stage, async () => {
        await stage.start();
        await play(stage);
        expect((await stage.result()).end).toBe(end);
      });
      const { events } = await stage.handle.fetchHistory();
      expect(events?.filter((event) => event.workflowTaskFailedEventAttributes) ?? []).toEqual([]);
    }),
  );
});
