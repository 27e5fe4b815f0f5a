// A round's wall time over its slowest gate's, with gates that take 200 ms each: what the pipeline adds to asking.
import { mkdtemp, readFile, rm, writeFile, chmod } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createWiring } from '../dist/src/wiring.js';
import { readConfig } from '../dist/src/config.js';
import { spread } from './promotions.mjs';

const GATE_MS = 200;
const ROUNDS = 15;
const root = join(import.meta.dirname, '..');
const fixtures = join(root, 'test', 'fixtures', 'tau', 'healthy');

export async function run() {
  const folder = await mkdtemp(join(tmpdir(), 'promote-bench-'));
  const server = await serveSlowly();
  try {
    const config = await slowConfig(folder, server.address().port);
    report('validate', await validateRounds(config));
    report('workflow', await workflowRounds(config, folder));
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function serveSlowly() {
  const answers = {
    '/gateway/status': await readFile(join(fixtures, 'gateway-status.json')),
    '/cortex/status': await readFile(join(fixtures, 'cortex-status.json')),
  };
  const server = createServer((request, response) => {
    setTimeout(
      () => response.setHeader('content-type', 'application/json').end(answers[request.url]),
      GATE_MS,
    );
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return server;
}

/** A runbook of the shipped shape whose commands take the same time, as a shell's `sleep` and `cat` do. */
async function slowConfig(folder, port) {
  const agent = join(folder, 'tau-coding-agent');
  const cases = [
    '*--help*) exit 0 ;;',
    answer('--operator-control-summary', 'operator-control-summary.stdout'),
    answer('--transport-health-inspect', 'deployment-transport-health.stdout'),
    answer('--deployment-status-inspect', 'deployment-status.stdout'),
  ];
  await writeFile(
    agent,
    `#!/bin/sh\ncase "$*" in *--help*) exit 0;; esac\nsleep ${GATE_MS / 1000}\ncase "$*" in\n${cases.slice(1).join('\n')}\nesac\n`,
  );
  await chmod(agent, 0o755);
  const config = await readConfig({
    cwd: folder,
    environment: {
      ...process.env,
      TAU_OPERATOR_BASE_URL: `http://127.0.0.1:${port}`,
      TAU_OPERATOR_AUTH_TOKEN: 'a-token-of-the-benchmark',
      TAU_OPERATOR_COMMAND: agent,
      TAU_OPERATOR_WORKING_DIRECTORY: folder,
      TAU_PROMOTION_APPROVERS: 'approver@bench',
    },
  });
  return { ...config, runbookFor: () => join(root, 'runbooks', 'operator-readiness.yaml') };
}

const answer = (flag, file) => `*${flag}*) cat ${join(fixtures, file)} ;;`;

async function validateRounds(config) {
  const wiring = createWiring(config);
  const ratios = [];
  for (let n = 0; n <= ROUNDS; n += 1) {
    const report = await wiring.validate({
      runbookFile: config.runbookFor(''),
      set: {},
      commit: undefined,
      signal: new AbortController().signal,
      onGate: () => {},
    });
    if (!report.passed) throw new Error('a gate of the benchmark holds');
    if (n > 0) ratios.push(report.roundMs / slowest(report.gates));
  }
  return ratios;
}

/** The same round as the workflow runs it on a real server: from the round's first event to its record. */
async function workflowRounds(config, folder) {
  const { measureWorkflowRounds } = await import('./workflow-rounds.mjs');
  return measureWorkflowRounds(config, folder, 5);
}

function slowest(gates) {
  return Math.max(...gates.map(({ durationMs }) => durationMs));
}

function report(what, ratios) {
  process.stdout.write(`round over slowest gate, ${what}: ${spread(ratios, 3)}\n`);
}
