// `promote readiness` as a whole cold process, over a bash script that asks the same one after the other with curl and jq
// (sequential-check.sh), in turn, on the rehearsal's healthy gateway and with a command that takes 30 ms.
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { findOnPath } from '../dist/src/adapters/find-on-path.js';
import { openRehearsal } from '../dist/src/rehearsal/rehearsal.js';
import { scenarioNamed } from '../dist/src/rehearsal/scenarios.js';
import { spread } from './promotions.mjs';

const COMMAND_MS = 30;
const PAIRS = 40;
const root = join(import.meta.dirname, '..');

export async function run() {
  await requireTools();
  const folder = await mkdtemp(join(tmpdir(), 'promote-bench-'));
  const rehearsal = await openRehearsal({
    scenario: scenarioNamed('healthy'),
    folder: join(folder, 'rehearsal'),
    nodePath: process.execPath,
    agentScript: join(root, 'dist', 'src', 'rehearsal', 'tau-coding-agent.js'),
    shippedRunbook: join(root, 'runbooks', 'operator-readiness.yaml'),
  });
  try {
    const bin = await slowCommand(folder, rehearsal);
    const { baseUrl, token, workspace } = rehearsal;
    // Nothing else: what a caller's environment makes Node load at its start would be measured too.
    const place = { cwd: workspace, env: { PATH: `${bin}:${process.env.PATH}`, HOME: folder } };
    const sides = {
      promote: [join(root, 'bin', 'promote'), 'readiness', '--base-url', baseUrl, '--auth-token', token],
      script: [join(root, 'bench', 'sequential-check.sh'), baseUrl, token],
      node: [process.execPath, '-e', '0'],
    };
    const { times, ratios } = await measure(sides, place);
    process.stdout.write(`promote readiness: ${spread(times.promote, 0)} ms\n`);
    process.stdout.write(`bash, curl and jq in sequence: ${spread(times.script, 0)} ms\n`);
    process.stdout.write(`node that does nothing: ${spread(times.node, 0)} ms\n`);
    process.stdout.write(`promote readiness over bash, curl and jq: ${spread(ratios, 2)}\n`);
  } finally {
    await rehearsal.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function requireTools() {
  const missing = [];
  for (const tool of ['bash', 'curl', 'jq'])
    if ((await findOnPath(tool, process.env.PATH ?? '')) === undefined) missing.push(tool);
  if (missing.length === 0) return;
  process.stderr.write(
    `bench: ${missing.join(' and ')} not on PATH: the script to measure against needs them, e.g. apt-get install ${missing.join(' ')}\n`,
  );
  process.exit(2);
}

/** A command that answers what the rehearsal's does, after a fixed time instead of Node's start. */
async function slowCommand(folder, { command, workspace }) {
  const asked = ['--operator-control-summary', '--operator-control-summary-json'];
  const { stdout } = await promisify(execFile)(command, asked, { cwd: workspace });
  const answer = join(folder, 'operator-summary.json');
  await writeFile(answer, stdout);
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const agent = join(bin, 'tau-coding-agent');
  await writeFile(agent, `#!/bin/sh\nsleep ${COMMAND_MS / 1000}\nexec cat '${answer}'\n`);
  await chmod(agent, 0o755);
  return bin;
}

async function measure({ promote, script, node }, place) {
  const times = { promote: [], script: [], node: [] };
  const ratios = [];
  // The first of each reads its files from the disk.
  for (let n = -1; n < PAIRS; n += 1) {
    const scriptFirst = n % 2 === 0;
    const before = scriptFirst ? await wallMs(script, place) : undefined;
    const promoteMs = await wallMs(promote, place);
    const scriptMs = before ?? (await wallMs(script, place));
    const nodeMs = await wallMs(node, place, '');
    if (n < 0) continue;
    times.promote.push(promoteMs);
    times.script.push(scriptMs);
    times.node.push(nodeMs);
    ratios.push(promoteMs / scriptMs);
  }
  return { times, ratios };
}

/** From the start of a process to its end. One that does not pass ends the benchmark. */
async function wallMs([file, ...args], place, lastLine = 'status=pass') {
  const began = performance.now();
  const child = spawn(file, args, { ...place, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  const exitCode = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const tookMs = performance.now() - began;
  if (exitCode !== 0 || said.trimEnd().split('\n').at(-1) !== lastLine)
    throw new Error(`${file} ended with ${exitCode}: ${errors}${said}`);
  return tookMs;
}
