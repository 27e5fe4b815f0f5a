import { defineConfig } from 'vitest/config';

// Three suites: `fast` needs no server, `server` runs on the real Temporal server, `deep` is long (races, kills, what went
// wrong after a promotion). And `record`, which writes the histories that `fast` replays, and `production`, on servers of its own. Test files of one worker share
// their modules, which nothing changes: loading them anew for each file takes a quarter of the time.
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    isolate: false,
    projects: [
      {
        extends: true,
        test: { name: 'fast', include: ['test/**/*.test.ts'], maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: ['test/**/*.server-test.ts'],
          globalSetup: ['test/support/temporal-server.ts'],
          pool: 'forks',
          // They mostly wait: for a server, for processes, for a watch's window.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'deep',
          include: ['test/**/*.deep-test.ts'],
          globalSetup: ['test/support/temporal-server.ts'],
          pool: 'forks',
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          testTimeout: 600_000,
        },
      },
      {
        extends: true,
        // Run by `npm run test:production`, which finds and builds what it needs.
        test: {
          name: 'production',
          include: ['test/**/*.production-test.ts'],
          pool: 'forks',
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          testTimeout: 240_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'record',
          include: ['test/**/*.record-test.ts'],
          globalSetup: ['test/support/temporal-server.ts'],
          pool: 'forks',
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
        },
      },
    ],
  },
});
