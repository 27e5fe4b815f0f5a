// Proves that each trap of a signing policy is found by its name, with real keys and real lists of revoked ones, and that a
// policy without a trap has no finding.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { edgesOf, parseAllowedSigners } from '../../../src/adapters/signatures/allowed-signers.js';
import type { PolicyFinding, PolicyToLint } from '../../../src/adapters/signatures/finding.js';
import { lintPolicy } from '../../../src/adapters/signatures/lint.js';
import { policyLines } from '../../../src/adapters/signatures/policy-lines.js';
import { createSshKeys, fileOf, wire, type SshKeys } from '../../support/ssh-keys.js';

const AT = Date.parse('2026-06-15T12:00:00Z');
const NAMED = 'namespaces="promotion-decision.v1"';
const EVERYTHING = 'namespaces="promotion-start.v1,promotion-decision.v1,promotion-control.v1"';
const CA = `cert-authority,${NAMED}`;
const settings = { searchPath: process.env['PATH'] ?? '' };

let keys: SshKeys;
/** By name: `TYPE BASE64`. */
const made = new Map<string, string>();

beforeAll(() => {
  keys = createSshKeys();
  for (const name of ['a', 'b', 'c']) made.set(name, keys.publicKey(keys.make(name)));
  made.set('rsa', keys.publicKey(keys.make('rsa', '-t', 'rsa', '-b', '2048')));
  made.set('dsa', `ssh-dss ${wire('ssh-dss').toString('base64')}`);
  const certified = keys.make('certified');
  keys.keygen('-q', '-s', `${keys.folder}/c`, '-I', 'id', '-n', 'a', `${certified}.pub`);
  made.set('certificate', keys.publicKey(`${certified}-cert`));
});
afterAll(() => keys.remove());

/** A line, in which `<a>` stands for the key that is named so. */
function filled(line: string): string {
  return line.replaceAll(/<(\w+)>/g, (_, name: string) => made.get(name) ?? '');
}

/** Findings on a policy of two approvers, each with a key, but for what is changed. */
function lint(
  changed: Partial<PolicyToLint> & { lines?: readonly string[] } = {},
): Promise<readonly PolicyFinding[]> {
  const { lines = [`a ${NAMED} <a>`, `b ${NAMED} <b>`], ...others } = changed;
  return lintPolicy(
    {
      allowedSigners: fileOf(...lines.map(filled)),
      revoked: undefined,
      names: { approvers: ['a', 'b'], requesters: [] },
      required: 1,
      protected: true,
      at: AT,
      files: { runbook: 'rollout.yaml', allowedSigners: 'allowed_signers', revoked: 'revoked.krl' },
      ...others,
    },
    settings,
  );
}

const inShort = (findings: readonly PolicyFinding[]): string[] =>
  findings.map(({ severity, code, line }) => `${line ?? '-'} ${severity} ${code}`);

/** But for the warning that each authority has. */
const about = (findings: readonly PolicyFinding[]): string[] =>
  inShort(findings).filter((each) => !each.endsWith('cert_authority'));

function krlOf(...names: readonly string[]): Uint8Array {
  return names.length === 0
    ? keys.revokingNothing()
    : keys.revoking(...names.map((name) => `${keys.folder}/${name}`));
}

describe('a policy', () => {
  test('without a trap has no finding', async () => {
    const lines = [
      '# approvers',
      '',
      `a ${NAMED},valid-after="20260101Z",valid-before="202701010000Z" <a> a comment`,
      `b ${EVERYTHING} <b>`,
    ];
    expect(await lint({ lines, required: 2 })).toEqual([]);
    expect(await lint({ lines, names: { approvers: ['a'], requesters: ['b'], abort: ['b'] } })).toEqual([]);
  });

  test.each<{ line: string; found: readonly string[] }>([
    { line: 'a <a>', found: ['error namespaces_missing'] },
    { line: 'a namespaces="promotion-*" <a>', found: ['error namespace_not_ours'] },
    { line: 'a namespaces="!git,*" <a>', found: ['error namespace_not_ours'] },
    { line: 'a namespaces="promotion-decision.v1,git" <a>', found: ['error namespace_not_ours'] },
    { line: `*@example.org ${NAMED} <a>`, found: ['error principal_pattern'] },
    { line: `a? ${NAMED} <a>`, found: ['error principal_pattern'] },
    { line: `!a ${NAMED} <a>`, found: ['error principal_pattern'] },
    { line: `a,b ${NAMED} <a>`, found: ['error principal_pattern'] },
    { line: `A ${NAMED} <a>`, found: ['error principal_form'] },
    { line: `-a ${NAMED} <a>`, found: ['error principal_form'] },
    { line: `a/b ${NAMED} <a>`, found: ['error principal_form'] },
    { line: `a ${NAMED} <rsa>`, found: ['error key_too_weak'] },
    { line: `a ${NAMED} <dsa>`, found: ['error key_too_weak'] },
    { line: `a ${NAMED} <certificate>`, found: ['error line_unreadable'] },
    { line: `a ${NAMED} ssh-ed25519`, found: ['error line_unreadable'] },
    { line: `a ${NAMED} ssh-ed25519 AAAA`, found: ['error line_unreadable'] },
    { line: `a ${NAMED} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==`, found: ['error line_unreadable'] },
    { line: `a ${NAMED}`, found: ['error line_unreadable'] },
    { line: 'a', found: ['error line_unreadable'] },
    { line: `a,valid-before="20270101Z" ${NAMED} <a>`, found: ['error line_unreadable'] },
    { line: `a ${NAMED}, <a>`, found: ['error line_unreadable'] },
    { line: `a ${NAMED},${NAMED} <a>`, found: ['error line_unreadable'] },
    { line: `a ${NAMED},verify-required <a>`, found: ['error line_unreadable'] },
    { line: `a ${NAMED},no-touch-required <a>`, found: ['error line_unreadable'] },
    { line: `a namespaces=promotion-decision.v1 <a>`, found: ['error line_unreadable'] },
    { line: `"a" ${NAMED} <a>`, found: ['error line_unreadable'] },
    { line: `a ${NAMED} <a> \u0007`, found: ['error line_unreadable'] },
    { line: `a ${NAMED},valid-before="20270230Z" <a>`, found: ['error line_unreadable'] },
    { line: `a ${NAMED},valid-before="2027Z" <a>`, found: ['error line_unreadable'] },
    { line: `a ${NAMED},valid-before="19700101Z" <a>`, found: ['error line_unreadable'] },
    { line: `a ${NAMED},valid-before="20270101" <a>`, found: ['error time_without_zone'] },
    { line: `a ${NAMED},valid-after="20260101" <a>`, found: ['error time_without_zone'] },
    {
      line: `a ${NAMED},valid-after="20270101Z",valid-before="20270101Z" <a>`,
      found: ['error validity_empty'],
    },
    { line: `stranger ${NAMED} <a>`, found: ['warning principal_not_named'] },
    { line: `*@example.org,a ${CA} <a>`, found: ['warning cert_authority'] },
    { line: `A* ${CA} <a>`, found: ['error principal_form', 'warning cert_authority'] },
  ])('with the line $line has $found', async ({ line, found }) => {
    const lines = [`b ${NAMED} <b>`, line];
    const names = { approvers: ['b'], requesters: [], abort: ['a'] };
    // That A can't give orders by it is told of the whole file.
    const findings = (await lint({ lines, names })).filter((finding) => finding.line !== undefined);
    expect(inShort(findings)).toEqual(found.map((each) => `2 ${each}`));
  });

  test('that lists a key twice for one name voids its expiry', async () => {
    const lines = [`a ${NAMED},valid-before="20270101Z" <a>`, `b ${NAMED} <b>`, `a ${NAMED} <a>`];
    expect(inShort(await lint({ lines }))).toEqual(['3 error key_listed_twice']);
  });

  test('in which one key has two names counts them as one voter', async () => {
    const lines = [`a ${NAMED} <a>`, `b ${NAMED} <a>`];
    expect(inShort(await lint({ lines }))).toEqual(['2 warning key_shared']);
    expect(inShort(await lint({ lines, required: 2 }))).toEqual([
      '2 warning key_shared',
      '- error too_few_voters',
    ]);
  });

  test('may list one authority for several names, each once', async () => {
    const lines = [`a ${CA} <c>`, `b ${CA} <c>`];
    expect(inShort(await lint({ lines, required: 2 }))).toEqual([
      '1 warning cert_authority',
      '2 warning cert_authority',
    ]);
  });

  test.each(['a\n', '"', 'a ', 'a "', '*', 'a,', '=', 'a cert-authority ssh-ed25519 ', '\n'])(
    'of %j, over and over, is read to its end',
    async (unit) => {
      const size = 256 * 1024;
      const allowedSigners = Buffer.from(unit.repeat(Math.floor(size / unit.length)));
      const findings = await lint({ allowedSigners });
      expect(
        findings.filter(({ severity, line }) => severity === 'error' && line === undefined),
      ).toHaveLength(3);
    },
  );

  test('larger than it may be is not read', async () => {
    const allowedSigners = new Uint8Array(256 * 1024 + 1);
    expect(inShort(await lint({ allowedSigners }))).toEqual(['- error file_too_large']);
  });
});

describe('people', () => {
  const WITHOUT_KEY = [
    [`b ${NAMED} <b>`],
    [`b ${NAMED} <b>`, `a ${NAMED},valid-before="20260101Z" <a>`],
    [`b ${NAMED} <b>`, `a ${NAMED},valid-after="20270101Z" <a>`],
    [`b ${NAMED} <b>`, 'a namespaces="promotion-start.v1" <a>'],
    [`b ${NAMED} <b>`, `x* ${CA} <c>`],
  ];
  test.each(WITHOUT_KEY)(
    'who can not decide now, by %s %s, are an error where the target is protected',
    async (...lines) => {
      expect(about(await lint({ lines }))).toEqual(['- error approver_without_key']);
      expect(about(await lint({ lines, required: 2 }))).toEqual([
        '- error approver_without_key',
        '- error too_few_voters',
      ]);
      expect(about(await lint({ lines, protected: false, required: 2 }))).toEqual([
        '- warning approver_without_key',
      ]);
    },
  );

  test('who start or give orders without a key for it are a warning', async () => {
    const names = { approvers: ['a', 'b'], requesters: ['a'], abort: ['b'], rollback: ['b'] };
    const findings = await lint({ names, protected: false });
    expect(inShort(findings)).toEqual(['- warning person_without_key', '- warning person_without_key']);
    expect(policyLines(findings)).toEqual([
      'allowed_signers: warning: a has no line that is valid now with namespaces="promotion-start.v1": add one, or take the name out of the runbook [person_without_key]',
      'allowed_signers: warning: b has no line that is valid now with namespaces="promotion-control.v1": add one, or take the name out of the runbook [person_without_key]',
    ]);
  });

  test('are an error on a protected target where nobody of them could', async () => {
    const names = { approvers: ['a', 'b'], requesters: ['a'], abort: ['a', 'b'], rollback: [] };
    const errors = (await lint({ names })).filter(({ severity }) => severity === 'error');
    expect(errors.map(({ code, message }) => [code, message.split(':')[0]])).toEqual([
      ['nobody_able', 'requesters'],
      ['nobody_able', 'abort'],
    ]);
  });

  test('who come with certificates have no line of their own', async () => {
    const findings = await lint({ lines: [`a,b ${CA} <c>`], required: 2 });
    expect(inShort(findings)).toEqual(['1 warning cert_authority']);
  });
});

describe('a list of revoked keys', () => {
  test.each<{ title: string; krl: () => Uint8Array; found: readonly string[] }>([
    { title: 'that is an empty file', krl: () => fileOf(), found: ['- error krl_empty'] },
    { title: 'that is a text of keys', krl: () => fileOf(filled('<c>')), found: ['- error krl_unreadable'] },
    { title: 'that is cut', krl: () => krlOf('c').subarray(0, 60), found: ['- error krl_unreadable'] },
    {
      title: 'that is too large',
      krl: () => new Uint8Array(1024 * 1024 + 1),
      found: ['- error file_too_large'],
    },
    { title: 'that revokes nothing', krl: () => krlOf(), found: ['- warning krl_revokes_nothing'] },
    {
      title: 'that revokes a listed key',
      krl: () => krlOf('c', 'b'),
      found: ['2 warning krl_revokes_listed_key'],
    },
    { title: 'that revokes other keys', krl: () => krlOf('c'), found: [] },
  ])('$title has $found', async ({ krl, found }) => {
    expect(inShort(await lint({ revoked: krl() }))).toEqual(found);
  });

  test('is named in its finding by its own file, or by the one with the line', async () => {
    expect(policyLines(await lint({ revoked: fileOf() }))).toEqual([
      'revoked.krl: error: an empty file revokes nothing: make it with ssh-keygen -k -f FILE KEY.pub [krl_empty]',
    ]);
    expect(policyLines(await lint({ revoked: krlOf('b') }))).toEqual([
      'allowed_signers:2: warning: the key of b is revoked, for old decisions too: list a new key, or end it by valid-before [krl_revokes_listed_key]',
    ]);
  });
});

test('edges join principals and their keys, and leave out authorities and what can not be read', () => {
  const lines = [`a ${NAMED} <a>`, `b,c ${NAMED} <b>`, `d ${CA} <c>`, 'e', 'f <a>'];
  const edges = edgesOf(parseAllowedSigners(fileOf(...lines.map(filled))));
  const [a, b] = ['a', 'b'].map((name) => keys.fingerprint(`${keys.folder}/${name}`));
  expect(edges).toEqual([
    { principal: 'a', fingerprint: a },
    { principal: 'b', fingerprint: b },
    { principal: 'c', fingerprint: b },
    { principal: 'f', fingerprint: a },
  ]);
});

test('a time with Z is UTC, and one without is local', () => {
  const line = filled(`a ${NAMED},valid-after="20260102030405Z",valid-before="202701020304" <a>`);
  expect(parseAllowedSigners(fileOf(line))).toMatchObject([
    {
      line: 1,
      validAfter: Date.parse('2026-01-02T03:04:05Z'),
      validBefore: new Date(2027, 0, 2, 3, 4).getTime(),
      keyType: 'ssh-ed25519',
      certAuthority: false,
    },
  ]);
});
