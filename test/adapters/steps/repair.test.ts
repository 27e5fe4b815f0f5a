// Proves how often a repair is tried: only where no answer came, at most as often as the runbook says, within its deadline.
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { tryRepair } from '../../../src/adapters/steps/repair.js';
import { asking, serve } from '../gates/questions.js';
import { load, refusalOf, scratchFolder, withRepair, type Written } from '../runbook/written-runbook.js';

async function tried(repair: Written): Promise<readonly string[]> {
  const loaded = await load(withRepair(repair));
  const [written] = loaded.runbook.remediation.repairs;
  if (written === undefined) throw new Error('no repair');
  return (await tryRepair(written, asking(loaded))).map(({ code }) => code);
}

/** Fails until it has run that often; each run leaves a line. */
async function failing(times: number): Promise<Written> {
  const file = join(await scratchFolder(), 'runs');
  return { argv: ['sh', '-c', `echo run >> "$1"; test "$(wc -l < "$1")" -gt ${times}`, 'sh', file] };
}

const TRIES = { attempts: 3, backoff: '10ms' };

test('a command that fails is tried until it succeeds', async () => {
  expect(await tried({ command: await failing(1), ...TRIES })).toEqual(['command_failed', 'done']);
});

test('no more often than the runbook says, and once where it says nothing', async () => {
  expect(await tried({ command: await failing(9), ...TRIES })).toEqual(Array(3).fill('command_failed'));
  expect(await tried({ command: await failing(9) })).toEqual(['command_failed']);
});

test('no longer than its deadline, whatever attempts are left', async () => {
  const repair = { command: await failing(9), attempts: 10, backoff: '10m', deadline: '5s' };
  expect(await tried(repair)).toEqual(['command_failed']);
});

test('a question that is wrong is not asked again', async () => {
  expect(await tried({ command: { argv: ['/nowhere/repair'] }, ...TRIES })).toEqual(['command_not_found']);
  expect(await tried({ command: { argv: ['sh', '-c', 'exit 2'] }, ...TRIES })).toEqual(['command_usage']);
});

test('a POST that the system could not take is sent again, because the runbook says so', async () => {
  let count = 0;
  const url = await serve((_request, response) => {
    count += 1;
    response.writeHead(count === 1 ? 503 : 200).end();
  });
  expect(await tried({ http: { method: 'POST', url }, ...TRIES })).toEqual(['http_status_503', 'done']);
  expect(count).toBe(2);
});

test.each<{ name: string; repair: Written; hint: string }>([
  { name: 'nothing', repair: {}, hint: 'one of http, command, manual' },
  {
    name: 'a person and a command',
    repair: { manual: { text: 'look' }, command: { argv: ['true'] } },
    hint: 'one of http, command, manual',
  },
  {
    name: 'attempts of a person',
    repair: { manual: { text: 'look' }, attempts: 2 },
    hint: 'take attempts out',
  },
  { name: 'a person who is told nothing', repair: { manual: { text: '' } }, hint: 'manual.text' },
])('a repair by $name is refused', async ({ repair, hint }) => {
  const { code, problems } = await refusalOf(load(withRepair(repair)));
  expect(code).toBe('invalid_runbook');
  expect(problems.join('\n')).toContain(hint);
});
