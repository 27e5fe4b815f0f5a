import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { root } from '../support/stage.js';
import { Installation } from './installation.js';

/** No proof: `npm run bench -- promotions` has its figures of PostgreSQL measured on this installation, and runs it for that. */
test.runIf(process.env['BENCH_ON'] === 'PostgreSQL')(
  'the bench of promotions measures on PostgreSQL',
  async () => {
    const installation = await Installation.open();
    try {
      const { postgresql, temporal, namespace } = installation;
      const server = { address: temporal.address, namespace, pids: [temporal.pid, postgresql.pid] };
      const bench = spawn(process.execPath, [join(root, 'bench/main.mjs'), 'promotions'], {
        stdio: 'inherit',
        env: { ...process.env, BENCH_SERVER: JSON.stringify(server) },
      });
      expect(await once(bench, 'exit')).toEqual([0, null]);
    } finally {
      await installation.close();
    }
  },
  3_600_000,
);
