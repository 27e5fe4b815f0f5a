/**
 * What a cold `promote readiness` loads. Proves by the built command, whose loaders write down every module that is imported or
 * required, that it is these and no others: each costs every call. A module that is added here has to be worth that.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { scratch } from './run-promote.js';
import { openStage, TOKEN } from './readiness-stage.js';

/** Imports are told by a loader, what is required by the cache of the process at its end. */
const WATCHER = `import { appendFileSync } from 'node:fs';
  import Module, { register } from 'node:module';
  const log = new URL('./modules.txt', import.meta.url);
  const hook = \`import { appendFileSync } from 'node:fs';
    export async function load(url, context, next) {
      appendFileSync(new URL(\${JSON.stringify(log.href)}), url + '\\\\n');
      return next(url, context);
    }\`;
  register('data:text/javascript,' + encodeURIComponent(hook));
  process.once('exit', () => {
    for (const path of Object.keys(Module._cache)) appendFileSync(log, 'file://' + path + '\\n');
  });`;

const OWN = [
  'adapters/asking.js',
  'adapters/command-environment.js',
  'adapters/command-outcome.js',
  'adapters/command-probe.js',
  'adapters/deadline.js',
  'adapters/find-on-path.js',
  'adapters/gates/answer.js',
  'adapters/http-address.js',
  'adapters/http-asking.js',
  'adapters/http-client.js',
  'adapters/http-fault.js',
  'adapters/http-probe.js',
  'adapters/http-try.js',
  'adapters/json-body.js',
  'adapters/known-secrets.js',
  'adapters/one-line.js',
  'adapters/probe.js',
  'adapters/process-group.js',
  'adapters/readiness/ask.js',
  'adapters/readiness/credentials.js',
  'adapters/readiness/operator-command.js',
  'adapters/readiness/questions.js',
  'adapters/readiness/sign-in.js',
  'adapters/redaction-markers.js',
  'adapters/redaction-masks.js',
  'adapters/redaction-spellings.js',
  'adapters/redaction.js',
  'adapters/runbook/substitute.js',
  'adapters/runbook/variables.js',
  'adapters/sessions.js',
  'cli/readiness-main.js',
  'cli/readiness-options.js',
  'cli/readiness-request.js',
  'cli/readiness.js',
  'cli/stop-signal.js',
  'contracts/input-error.js',
  'contracts/refused-variables.js',
  'contracts/variable-references.js',
  'domain/posture.js',
  'domain/readiness-parts.js',
  'domain/text.js',
  'readiness-wiring.js',
  'tau/answer.js',
  'tau/first-present.js',
  'tau/present.js',
  'tau/readiness-report.js',
  'tau/readiness.js',
  'tau/statement.js',
];

async function loadedBy(
  ...args: readonly string[]
): Promise<{ own: string[]; packages: string[]; undici: number }> {
  await using place = await scratch({ 'watcher.mjs': WATCHER });
  await using stage = await openStage();
  const watched = { NODE_OPTIONS: `--import ${join(place.folder, 'watcher.mjs')}` };
  const { exitCode, stderr } = await stage.askWith(watched, '--auth-token', TOKEN, ...args);
  expect([exitCode, stderr]).toEqual([0, expect.not.stringContaining('rror')]);
  const urls = (await readFile(join(place.folder, 'modules.txt'), 'utf8')).trim().split('\n');
  const namesAfter = (folder: string): string[] =>
    [...new Set(urls.flatMap((url) => url.split(folder)[1] ?? []))].sort();
  const inPackages = namesAfter('/node_modules/');
  return {
    own: namesAfter('/dist/src/'),
    packages: [...new Set(inPackages.map((path) => path.replace(/^((?:@[^/]+\/)?[^/]+)\/.*$/, '$1')))],
    undici: inPackages.length,
  };
}

describe('a cold promote readiness', () => {
  it('loads these modules of its own and the parts of undici that ask, and nothing else', async () => {
    const { own, packages, undici } = await loadedBy('--quiet');
    expect(own).toEqual(OWN);
    expect(packages).toEqual(['undici']);
    // Its index is 80 and more.
    expect(undici).toBeLessThanOrEqual(26);
  });

  it('loads for evidence and a document what writes them, and no zod, YAML, Temporal or console', async () => {
    const { own, packages } = await loadedBy('--quiet', '--json', '--evidence', 'now');
    const more = own.filter((name) => !OWN.includes(name));
    expect(more).toEqual([
      'adapters/evidence/durable-files.js',
      'adapters/evidence/evidence-error.js',
      'adapters/evidence/file-calls.js',
      'adapters/evidence/open-folders.js',
      'adapters/evidence/turns.js',
      'adapters/readiness/evidence.js',
      'cli/readiness-document.js',
    ]);
    expect(packages).toEqual(['undici']);
  });
});
