// What `promote runbook show` tells of a runbook's values, by a real process of the build. It proves origins and that no secret is
// shown; what the digest is over is proven where runbooks are resolved.
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { loadRunbook } from '../../src/adapters/runbook/load.js';
import { WHOLE } from './broken-runbooks.js';
import { promote, scratch, type Ended } from './run-promote.js';

const SECRET = 'correct-horse-battery-staple';
const FROM_OUTSIDE = { SHOP_TOKEN: SECRET, SHOP_PEOPLE: 'alice, bob', SHOP_AGENT: '/opt/agent --quiet' };
const TEXT = WHOLE.replace('remote: origin', 'remote: /srv/shop.git');

const document = z.object({
  file: z.string(),
  variables: z.array(
    z.object({ name: z.string(), value: z.unknown(), secret: z.boolean(), origin: z.unknown() }),
  ),
  values: z.array(z.object({ path: z.string(), value: z.unknown(), origin: z.unknown() })),
  digest: z.string().nullable(),
  policy: z.string().nullable(),
});
type Shown = z.infer<typeof document>;

async function show(
  environment: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Ended & { readonly folder: string }> {
  await using place = await scratch({ 'shop.yaml': TEXT });
  const ended = await promote(place.folder, ['runbook', 'show', 'shop.yaml', ...args], environment);
  return { ...ended, folder: place.folder };
}

async function shown(...given: Parameters<typeof show>): Promise<Shown> {
  const { exitCode, stdout, stderr } = await show(...given);
  expect({ exitCode, stderr: stderr.includes('promote:') }).toEqual({ exitCode: 0, stderr: false });
  return document.parse(JSON.parse(stdout));
}

const at = ({ values }: Shown, path: string): unknown => values.find((each) => each.path === path);
const variable = ({ variables }: Shown, name: string): unknown =>
  variables.find((each) => each.name === name);
const RESOLVED = ['--resolved', '--set', 'baseUrl=http://127.0.0.1:8', '--json'];

/** Where `text` stands in the runbook, from 1. */
function placeOf(text: string): { readonly line: number; readonly column: number } {
  const before = TEXT.slice(0, TEXT.indexOf(text));
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

describe('a resolved runbook', () => {
  it('tells of each variable whether it comes from --set, the environment or the runbook', async () => {
    const seen = await shown({ SHOP_TOKEN: SECRET, SHOP_PEOPLE: 'alice, bob' }, ...RESOLVED);
    expect(variable(seen, 'baseUrl')).toMatchObject({ value: 'http://127.0.0.1:8', origin: { kind: 'set' } });
    expect(variable(seen, 'people')).toMatchObject({
      value: ['alice', 'bob'],
      origin: { kind: 'environment', variable: 'SHOP_PEOPLE' },
    });
    expect(variable(seen, 'agent')).toMatchObject({ value: ['agent'], origin: { kind: 'default' } });
  });

  it('has the values in their places, with where they are written and which variables are in them', async () => {
    const seen = await shown(FROM_OUTSIDE, ...RESOLVED);
    expect(at(seen, 'gates[1].http.url')).toMatchObject({
      value: 'http://127.0.0.1:8/cortex',
      origin: { kind: 'runbook', ...placeOf("'${baseUrl}/cortex'"), variables: ['baseUrl'] },
    });
    expect(at(seen, 'remediation.repairs[0].command.argv')).toMatchObject({
      value: ['/opt/agent', '--quiet', 'start'],
      origin: { variables: ['agent'] },
    });
    expect(at(seen, 'approval.approvers')).toMatchObject({ value: ['alice', 'bob'] });
    expect(at(seen, 'gates[0].deadline')).toMatchObject({ value: 5_000, origin: { kind: 'runbook' } });
    expect(at(seen, 'gates[1].deadline')).toEqual({
      path: 'gates[1].deadline',
      value: 20_000,
      origin: { kind: 'built-in' },
    });
  });

  it('has the digest that a promotion from there is bound to', async () => {
    await using place = await scratch({ 'shop.yaml': TEXT });
    const file = join(place.folder, 'shop.yaml');
    const args = ['runbook', 'show', 'shop.yaml', '--resolved', '--json'];
    const { stdout } = await promote(place.folder, args, FROM_OUTSIDE);
    const sources = { set: {}, environment: FROM_OUTSIDE };
    const { digest, policy } = await loadRunbook(file, sources, 'all', place.folder);
    expect(document.parse(JSON.parse(stdout))).toMatchObject({ digest, policy });
  });

  it('ends with the digest for people, too', async () => {
    const { stdout } = await show(FROM_OUTSIDE, '--resolved');
    expect(stdout).toContain('gates[1].deadline: 20s  ← built-in default\n');
    expect(stdout).toContain('${people} from environment SHOP_PEOPLE\n');
    expect(stdout).toMatch(/\ndigest {2}sha256:[0-9a-f]{64}\npolicy {2}sha256:[0-9a-f]{64}\n$/);
  });

  it('needs a value for each variable, and says which is missing', async () => {
    const { exitCode, stdout, stderr } = await show({ SHOP_PEOPLE: 'alice' }, '--resolved');
    expect(stderr).toMatch(/^promote: the variable token has no value: set SHOP_TOKEN [^\n]*\n$/);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});

describe('a runbook as it is written', () => {
  it('needs no value, has none, and has no digest', async () => {
    const seen = await shown({}, '--json');
    expect(variable(seen, 'token')).toEqual({
      name: 'token',
      value: null,
      secret: true,
      origin: { kind: 'none' },
    });
    expect(variable(seen, 'baseUrl')).toMatchObject({
      value: 'http://127.0.0.1:9',
      origin: { kind: 'default' },
    });
    expect(at(seen, 'gates[0].http.url')).toMatchObject({ value: '${baseUrl}/status' });
    expect(at(seen, 'gates[0].deadline')).toMatchObject({ value: '5s' });
    expect(seen).toMatchObject({ digest: null, policy: null });
  });
});

describe('a secret', () => {
  it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['from the environment, for people', FROM_OUTSIDE, ['--resolved']],
    ['from the environment, as a document', FROM_OUTSIDE, ['--resolved', '--json']],
    ['from --set, for people', { SHOP_PEOPLE: 'alice' }, ['--resolved', '--set', `token=${SECRET}`]],
    [
      'from --set, as a document',
      { SHOP_PEOPLE: 'alice' },
      ['--resolved', '--json', '--set', `token=${SECRET}`],
    ],
    ['where nothing is resolved', FROM_OUTSIDE, []],
  ])('%s is shown by name only', async (_, environment, args) => {
    const { exitCode, stdout, stderr } = await show(environment, ...args);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('${token}');
    expect(stdout + stderr).not.toContain(SECRET);
  });
});
