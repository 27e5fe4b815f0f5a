// The least system that a promotion can watch: one gate over HTTP, promoted and rolled back by commands.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readConfig } from '../dist/src/config.js';

const ANSWERS = {
  pass: { health_state: 'healthy', rollout_gate: 'pass', reason_code: 'cortex_ready' },
  stopped: { health_state: 'failing', rollout_gate: 'hold', reason_code: 'stopped' },
};

/** `use` is given settings whose targets are such systems, a way to add one, and when each was stopped. */
export async function withOneGate(watch, use) {
  const folder = await mkdtemp(join(tmpdir(), 'promote-bench-'));
  const stopped = new Map();
  const server = createServer(({ url }, response) => {
    const [, target, verb] = url.split('/');
    if (verb === 'stop' && !stopped.has(target)) stopped.set(target, Date.now());
    const says = stopped.has(target) ? ANSWERS.stopped : ANSWERS.pass;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(says));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${server.address().port}`;
  const config = await readConfig({
    cwd: folder,
    environment: { PATH: process.env.PATH, HOME: folder, PROMOTE_TASK_QUEUE: 'bench' },
  });
  const runbookFor = (target) => join(folder, `${target}.yaml`);
  const addTarget = (target) =>
    writeFile(runbookFor(target), JSON.stringify(runbook(`${base}/${target}`, watch)));
  try {
    return await use({ ...config, runbookFor }, addTarget, stopped);
  } finally {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  }
}

function runbook(url, watch) {
  const stop = `fetch(process.argv[1]).then((answer) => answer.text())`;
  return {
    v: 1,
    name: 'one-gate',
    gates: [
      {
        id: 'service',
        http: { url: `${url}/status` },
        reader: 'tau-cortex-status',
        expect: { health: 'healthy', gate: 'pass' },
        deadline: '5s',
      },
    ],
    approval: { approvers: ['approver@bench'] },
    promotion: { steps: [{ id: 'deploy', command: { argv: ['true'] } }] },
    watch,
    rollback: {
      triggers: { repeatedFailing: { gates: ['service'], rounds: 2 } },
      confirmAfter: '0s',
      steps: [
        {
          id: 'stop',
          command: { argv: [process.execPath, '-e', stop, `${url}/stop`] },
          verify: { gate: 'service', expect: { gate: 'hold', reasonCodes: ['stopped'] } },
          deadline: '30s',
        },
      ],
    },
  };
}
