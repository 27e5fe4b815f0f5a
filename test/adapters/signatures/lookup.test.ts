// Proves, on policies that are put together at random, that our own reading lets sign whom OpenSSH lets sign, at that second,
// wherever a line has no problem; and that it lets nobody sign by a line that has one.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { parseAllowedSigners, type SignersLine } from '../../../src/adapters/signatures/allowed-signers.js';
import { parseArmour, type ParsedSignature } from '../../../src/adapters/signatures/armour.js';
import { refuseKey } from '../../../src/adapters/signatures/lookup.js';
import { verifyTime } from '../../../src/adapters/signatures/signers-time.js';
import { PROPERTY_RUNS } from '../../support/property-runs.js';
import { createSshKeys, type SshKeys } from '../../support/ssh-keys.js';

const NAMESPACE = 'promotion-decision.v1';
const STATEMENT = '{"v":1}';
const BY = 'ab';
const AT = Date.parse('2026-06-15T12:00:00.999Z');
// Each run asks ssh-keygen once.
const RUNS = { numRuns: Math.max(50, Math.ceil(PROPERTY_RUNS / 5)) };

type Kind = 'plain' | 'certified';

let keys: SshKeys;
let signed: Readonly<Record<Kind, ParsedSignature>>;
let publicKeys: readonly string[];

beforeAll(() => {
  keys = createSshKeys();
  const [authority, key, other] = [keys.make('authority'), keys.make('key'), keys.make('other')];
  keys.keygen('-q', '-s', authority, '-I', 'id', '-n', `${BY},b`, `${key}.pub`);
  const parsed = (file: string, name: string): ParsedSignature => {
    const text = keys.sign(file, NAMESPACE, STATEMENT);
    writeFileSync(path.join(keys.folder, name), text);
    const read = parseArmour(text);
    if (read.kind !== 'signature') throw new Error(read.why);
    return read.signature;
  };
  signed = { plain: parsed(key, 'plain.sig'), certified: parsed(`${key}-cert.pub`, 'certified.sig') };
  publicKeys = [key, authority, other].map((file) => keys.publicKey(file));
});
afterAll(() => keys.remove());

/** Whether OpenSSH lets `BY` sign by this policy. */
async function allows(policy: string, kind: Kind): Promise<boolean> {
  const file = path.join(keys.folder, 'policy');
  writeFileSync(file, policy);
  const signature = path.join(keys.folder, `${kind}.sig`);
  const args = ['-Y', 'verify', '-f', file, '-I', BY, '-n', NAMESPACE, '-s', signature];
  const asked = promisify(execFile)('ssh-keygen', [...args, `-Overify-time=${verifyTime(AT)}`]);
  asked.child.stdin?.end(STATEMENT);
  return asked.then(
    () => true,
    () => false,
  );
}

const times = fc.constantFrom(
  '20260615Z',
  '202606151200Z',
  '20260615115959Z',
  '20260615120000Z',
  '20260615120001Z',
  '20260616Z',
  '20200101Z',
  '20270101Z',
  '20260615',
  '20261301Z',
);
const option = (name: string): fc.Arbitrary<string | undefined> =>
  fc.option(times, { nil: undefined }).map((time) => (time === undefined ? undefined : `${name}="${time}"`));
const often = <T>(usual: T, ...rare: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...rare) });
const namespaces = often(NAMESPACE, `promotion-start.v1,${NAMESPACE}`, 'promotion-start.v1', 'promotion-*');
const PRINCIPALS = {
  plain: often(BY, 'b', 'a*', 'x,ab', 'A'),
  certified: fc.constantFrom(
    BY,
    'b',
    'a*',
    '?b',
    '?',
    '*',
    '!ab,*',
    '!b,*',
    'x,ab',
    'A',
    '**a**b**',
    '*c',
    '*b?',
  ),
};

const lineFor = (kind: Kind): fc.Arbitrary<string> =>
  fc
    .record({
      principal: PRINCIPALS[kind],
      names: namespaces,
      authority: often(kind === 'certified', kind !== 'certified'),
      after: option('valid-after'),
      before: option('valid-before'),
      key: often(kind === 'plain' ? 0 : 1, 0, 1, 2),
      end: often('\n', ' comment\n', '\r\n', '\n\n# comment\n'),
    })
    .map(({ principal, names, authority, after, before, key, end }) => {
      const options = [authority ? 'cert-authority' : undefined, `namespaces="${names}"`, after, before];
      const given = options.filter((each) => each !== undefined).join(',');
      return `${principal} ${given} ${publicKeys[key] ?? ''}${end}`;
    });
const policies = fc.constantFrom<Kind>('plain', 'certified').chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    lines: fc.array(lineFor(kind), { minLength: 1, maxLength: 2 }),
  }),
);

const letsSign = (read: readonly SignersLine[], kind: Kind): boolean =>
  refuseKey(read, { by: BY, namespace: NAMESPACE, key: signed[kind].key, at: AT }) === undefined;

test('our reading and the one of OpenSSH agree', async () => {
  await fc.assert(
    fc.asyncProperty(policies, async ({ kind, lines }) => {
      const policy = lines.join('');
      const read = parseAllowedSigners(Buffer.from(policy));
      const ours = letsSign(read, kind);
      const allowed = await allows(policy, kind);
      // By a line with a problem we let nobody sign; OpenSSH may. Of two lines for one key we ask both, OpenSSH the first.
      const comparable = read.length <= 1 && read.every(({ problems }) => problems.length === 0);
      expect({ policy, ours }).toEqual({ policy, ours: comparable ? allowed : ours && allowed });
    }),
    RUNS,
  );
});

test('enough of those policies let sign, else it would prove little', () => {
  // The same policies in each run of this test.
  const tried = fc.sample(policies, { seed: 1, numRuns: 2000 });
  const taken = tried.filter(({ kind, lines }) =>
    letsSign(parseAllowedSigners(Buffer.from(lines.join(''))), kind),
  );
  expect(taken.length).toBeGreaterThan(tried.length / 10);
});
