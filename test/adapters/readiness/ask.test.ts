/** What becomes of the command where asking fails by a fault of ours. A real process, nothing is asked over HTTP. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

import { askReadiness } from '../../../src/adapters/readiness/ask.js';

const HEALTHY = { health: 'healthy', gate: 'pass' };

it('a command that runs while something is thrown is ended before it is thrown on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'promote-ask-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const pidFile = join(folder, 'pid');
  const fault = new Error('a bug of ours');
  const asked = askReadiness({
    baseUrl: 'http://127.0.0.1:1',
    auth: { mode: 'none' },
    credentials: {
      // Read once the command runs, to put a status question together.
      get bearer(): string {
        execFileSync('/bin/sh', ['-c', `until [ -s '${pidFile}' ]; do sleep 0.02; done`], {
          timeout: 15_000,
        });
        throw fault;
      },
      secrets: {},
      withheld: undefined,
    },
    expectations: { gateway: HEALTHY, cortex: HEALTHY, operator: HEALTHY },
    timeoutMs: 600_000,
    operator: {
      command: [
        '/bin/sh',
        '-c',
        `echo $$ > '${pidFile}.new'; mv '${pidFile}.new' '${pidFile}'; exec sleep 600`,
      ],
      workingDirectory: folder,
    },
    environment: { PATH: process.env['PATH'] },
    signal: new AbortController().signal,
    withDeployment: false,
  });
  await expect(asked).rejects.toBe(fault);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  expect(pid).toBeGreaterThan(1);
  expect(() => process.kill(pid, 'SIGKILL')).toThrow(/ESRCH/);
});
