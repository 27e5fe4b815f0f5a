// Proves which signatures stand for whom, with real keys, the real ssh-keygen and its real refusals. Security keys are made in
// software: what a real one does between its touch and its signature is not proven.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { SignatureError } from '../../../src/adapters/signatures/error.js';
import {
  createVerifier,
  type SignedStatement,
  type SigningPolicy,
  type Verification,
} from '../../../src/adapters/signatures/verify.js';
import type { SignatureRefusal } from '../../../src/domain/signing.js';
import { PROPERTY_RUNS } from '../../support/property-runs.js';
import {
  armour,
  createSshKeys,
  dearmour,
  fileOf,
  softwareSecurityKey,
  type SoftwareSecurityKey,
  type SshKeys,
} from '../../support/ssh-keys.js';

const BY = 'approver-a@example.org';
const DECISION = 'promotion-decision.v1';
const STATEMENT = '{"by":"approver-a@example.org","comment":"héllo","type":"promotion-decision.v1","v":1}';
const AT = Date.parse('2026-06-15T12:00:00.250Z');
const NAMED = `namespaces="${DECISION}"`;

let keys: SshKeys;
let ed25519: string;
let other: string;
let signature: string;
let tempDir: string;
const security: SoftwareSecurityKey = softwareSecurityKey();

beforeAll(() => {
  keys = createSshKeys();
  ed25519 = keys.make('ed25519');
  other = keys.make('other');
  signature = keys.sign(ed25519, DECISION, STATEMENT);
  tempDir = path.join(keys.folder, 'private');
  mkdirSync(tempDir);
});
afterAll(() => keys.remove());

const searchPath = process.env['PATH'] ?? '';

interface Changed {
  readonly lines?: readonly string[];
  readonly revoked?: Uint8Array | undefined;
  readonly requireUserVerification?: boolean;
  readonly signed?: Partial<SignedStatement>;
}

/** Approver A's decision under a policy that lists A's ed25519 key, but for what is changed. */
function verified({ lines, revoked, requireUserVerification, signed }: Changed = {}): Promise<Verification> {
  const policy: SigningPolicy = {
    allowedSigners: fileOf(...(lines ?? [line(ed25519)])),
    revoked,
    requireUserVerification: requireUserVerification ?? false,
  };
  const statement = {
    by: BY,
    namespace: DECISION,
    statement: STATEMENT,
    signature,
    at: AT,
    ...signed,
  } as const;
  return createVerifier({ searchPath, tempDirs: [tempDir] })(policy, statement);
}

function line(key: string, options = NAMED, principal = BY): string {
  return `${principal} ${options} ${keys.publicKey(key)}`;
}

const sk = (flags: number) => ({
  lines: [`${BY} ${NAMED} ${security.publicKey}`],
  signed: { signature: security.sign(flags, DECISION, STATEMENT) },
});

/** A folder with a stand-in for ssh-keygen. */
const standIn = (name: string, script: string): string => {
  const folder = path.join(keys.folder, name);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'ssh-keygen'), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(folder, 'ssh-keygen'), 0o700);
  return folder;
};

/** Approver A's decision under the plainest policy. */
function plainly(): [SigningPolicy, SignedStatement] {
  return [
    { allowedSigners: fileOf(line(ed25519)), revoked: undefined, requireUserVerification: false },
    { by: BY, namespace: DECISION, statement: STATEMENT, signature, at: AT },
  ];
}

async function refusal(changed: Changed): Promise<SignatureRefusal | 'valid'> {
  const verification = await verified(changed);
  return verification.valid ? 'valid' : verification.refusal;
}

describe('a signature stands', () => {
  test.each([
    { type: 'ed25519', keyType: 'ssh-ed25519' },
    { type: 'ecdsa', keyType: 'ecdsa-sha2-nistp256' },
    { type: 'ecdsa -b 384', keyType: 'ecdsa-sha2-nistp384' },
    { type: 'ecdsa -b 521', keyType: 'ecdsa-sha2-nistp521' },
    { type: 'rsa -b 3072', keyType: 'ssh-rsa' },
  ])('by a listed key of the type $type', async ({ type, keyType }) => {
    const key = keys.make(`good-${keyType}`, '-t', ...type.split(' '));
    const signed = { signature: keys.sign(key, DECISION, STATEMENT) };
    expect(await verified({ lines: [line(key)], signed })).toEqual({
      valid: true,
      fingerprint: keys.fingerprint(key),
      keyType,
    });
  });

  test('of a key that other keys, comments, empty lines and the ends of lines of Windows surround', async () => {
    const lines = ['# people', '', line(other, NAMED, 'b'), `  ${line(ed25519)} a comment\r`];
    expect(await refusal({ lines })).toBe('valid');
  });

  test.each([
    'valid-after="20260615Z"',
    'valid-before="20270101Z"',
    'valid-after="20260615120000Z",valid-before="202606151201Z"',
    // Inclusive, and in whole seconds.
    'valid-before="20260615120000Z"',
  ])('within %s', async (validity) => {
    expect(await refusal({ lines: [line(ed25519, `${NAMED},${validity}`)] })).toBe('valid');
  });

  test('of a key that may sign for several purposes, and with a list that revokes another key', async () => {
    const lines = [line(ed25519, `namespaces="promotion-start.v1,${DECISION}"`)];
    expect(await refusal({ lines, revoked: keys.revoking(other) })).toBe('valid');
  });

  test('without the last line’s end', async () => {
    expect(await refusal({ signed: { signature: signature.trimEnd() } })).toBe('valid');
  });
});

describe('a key is refused', () => {
  test.each<{ title: string; lines: () => readonly string[]; reason: SignatureRefusal }>([
    { title: 'unlisted', lines: () => [line(other)], reason: 'key_unlisted' },
    { title: 'in an empty policy', lines: () => [], reason: 'key_unlisted' },
    {
      title: 'in a line that can not be read',
      lines: () => [line(ed25519, 'namespace="x"')],
      reason: 'key_unlisted',
    },
    {
      title: 'of another principal',
      lines: () => [line(ed25519, NAMED, 'approver-b@example.org'), line(other)],
      reason: 'key_of_another_name',
    },
    {
      title: 'under a pattern',
      lines: () => [line(ed25519, NAMED, '*@example.org')],
      reason: 'key_of_another_name',
    },
    {
      title: 'in a list of names',
      lines: () => [line(ed25519, NAMED, `b,${BY}`)],
      reason: 'key_of_another_name',
    },
    {
      title: 'for another namespace',
      lines: () => [line(ed25519, 'namespaces="promotion-vouch.v1"')],
      reason: 'key_other_namespace',
    },
    {
      title: 'for a pattern of namespaces',
      lines: () => [line(ed25519, 'namespaces="promotion-*"')],
      reason: 'key_other_namespace',
    },
    {
      title: 'for every namespace',
      lines: () => [`${BY} ${keys.publicKey(ed25519)}`],
      reason: 'key_other_namespace',
    },
    {
      title: 'expired',
      lines: () => [line(ed25519, `${NAMED},valid-before="20260615115959Z"`)],
      reason: 'key_expired',
    },
    {
      title: 'not valid yet',
      lines: () => [line(ed25519, `${NAMED},valid-after="20260615120001Z"`)],
      reason: 'key_not_yet_valid',
    },
    {
      title: 'expired, with a second line that is unlimited',
      lines: () => [line(ed25519, `${NAMED},valid-before="20260101Z"`), line(ed25519)],
      reason: 'key_expired',
    },
    {
      title: 'that is allowed for git as well',
      lines: () => [line(ed25519, `namespaces="${DECISION},git"`)],
      reason: 'signature_refused',
    },
    {
      title: 'that is listed as an authority only',
      lines: () => [line(ed25519, `cert-authority,${NAMED}`)],
      reason: 'key_unlisted',
    },
  ])('$title: $reason', async ({ lines, reason }) => {
    expect(await refusal({ lines: lines() })).toBe(reason);
  });

  test('of RSA with 1024 bits, which OpenSSH itself takes', async () => {
    const key = keys.make('weak', '-t', 'rsa', '-b', '1024');
    const signed = { signature: keys.sign(key, DECISION, STATEMENT) };
    expect(await refusal({ lines: [line(key)], signed })).toBe('key_too_weak');
    const [policy, file] = [path.join(keys.folder, 'weak-policy'), path.join(keys.folder, 'weak-signature')];
    writeFileSync(policy, `${line(key)}\n`);
    writeFileSync(file, signed.signature);
    const openssh = spawnSync(
      'ssh-keygen',
      ['-Y', 'verify', '-f', policy, '-I', BY, '-n', DECISION, '-s', file],
      {
        input: STATEMENT,
      },
    );
    expect(openssh.status).toBe(0);
  });

  test('once it is revoked, whenever it signed', async () => {
    expect(await refusal({ revoked: keys.revoking(other, ed25519) })).toBe('key_revoked');
  });

  test.each([
    { title: 'an empty file', krl: () => fileOf() },
    { title: 'a text of keys, though OpenSSH would read it', krl: () => fileOf(keys.publicKey(other)) },
    { title: 'a cut list', krl: () => keys.revoking(other).subarray(0, 60) },
  ])('where the list of revoked keys is $title', async ({ krl }) => {
    expect(await refusal({ revoked: krl() })).toBe('signature_refused');
  });

  test('where the name could be taken for an option or a pattern', async () => {
    for (const by of ['-Oprint-pubkey', '*', 'A@example.org', ''])
      expect(await refusal({ signed: { by } })).toBe('signature_refused');
  });
});

describe('a signature is refused', () => {
  test.each<{ title: string; change: (good: string) => string | null; reason: SignatureRefusal }>([
    { title: 'that is missing', change: () => null, reason: 'signature_missing' },
    { title: 'that is empty', change: () => '', reason: 'signature_malformed' },
    { title: 'with text after it', change: (good) => `${good}x`, reason: 'signature_malformed' },
    { title: 'with an empty line after it', change: (good) => `${good}\n`, reason: 'signature_malformed' },
    { title: 'with text before it', change: (good) => `# mine\n${good}`, reason: 'signature_malformed' },
    { title: 'twice', change: (good) => good + good, reason: 'signature_malformed' },
    {
      title: 'with the ends of lines of Windows',
      change: (good) => good.replaceAll('\n', '\r\n'),
      reason: 'signature_malformed',
    },
    {
      title: 'with spaces in its base64',
      change: (good) => good.replace('AAAA', 'AAAA '),
      reason: 'signature_malformed',
    },
    {
      title: 'with bytes after its end',
      change: (good) => armour(Buffer.concat([dearmour(good), Buffer.alloc(1)])),
      reason: 'signature_malformed',
    },
    {
      title: 'that is cut',
      change: (good) => armour(dearmour(good).subarray(0, -3)),
      reason: 'signature_malformed',
    },
    {
      title: 'that is huge',
      change: (good) => armour(Buffer.concat([dearmour(good), Buffer.alloc(20_000)])),
      reason: 'signature_malformed',
    },
    {
      title: 'of the version 2',
      change: (good) => armour(dearmour(good).fill(2, 9, 10)),
      reason: 'signature_malformed',
    },
  ])('$title: $reason', async ({ change, reason }) => {
    expect(await refusal({ signed: { signature: change(signature) } })).toBe(reason);
  });

  test('that was made for another namespace, even by a key which may sign in both', async () => {
    const lines = [line(ed25519, `namespaces="promotion-control.v1,${DECISION}"`)];
    const signed = { signature: keys.sign(ed25519, 'promotion-control.v1', STATEMENT) };
    expect(await refusal({ lines, signed })).toBe('signature_other_namespace');
  });

  test.each([`${STATEMENT}\n`, STATEMENT.replace('héllo', 'hello'), '', STATEMENT.replace('é', '\ud800')])(
    'over another statement: %j',
    async (statement) => {
      expect(await refusal({ signed: { statement } })).toBe('signature_invalid');
    },
  );
});

describe('a security key', () => {
  test.each([
    { flags: 0, requireUserVerification: false, outcome: 'key_not_touched' },
    { flags: 4, requireUserVerification: false, outcome: 'key_not_touched' },
    { flags: 1, requireUserVerification: false, outcome: 'valid' },
    { flags: 1, requireUserVerification: true, outcome: 'key_user_not_verified' },
    { flags: 5, requireUserVerification: true, outcome: 'valid' },
    { flags: 5, requireUserVerification: false, outcome: 'valid' },
  ])('with the flags $flags, user verification asked: $requireUserVerification, is $outcome', async (row) => {
    const { flags, requireUserVerification, outcome } = row;
    expect(await refusal({ ...sk(flags), requireUserVerification })).toBe(outcome);
  });

  test('can not have its flags raised afterwards', async () => {
    const blob = dearmour(security.sign(0, DECISION, STATEMENT));
    blob.writeUInt8(1, blob.length - 5);
    expect(await refusal({ ...sk(0), signed: { signature: armour(blob) } })).toBe('signature_invalid');
  });

  test('is the only kind that shows who used it', async () => {
    expect(await refusal({ requireUserVerification: true })).toBe('key_user_not_verified');
  });
});

describe('a certificate', () => {
  let authority: string;
  let certified: string;
  const ca = (principals = '*@example.org', options = `cert-authority,${NAMED}`) => [
    `${principals} ${options} ${keys.publicKey(authority)}`,
  ];
  const certify = (...args: readonly string[]): string => {
    keys.keygen('-q', '-s', authority, '-I', 'id', '-z', '7', ...args, `${certified}.pub`);
    return keys.sign(`${certified}-cert.pub`, DECISION, STATEMENT);
  };
  beforeAll(() => {
    authority = keys.make('authority');
    certified = keys.make('certified');
  });

  test('of a listed authority stands for the name that it holds, and is told by its plain key', async () => {
    const signed = { signature: certify('-n', `${BY},b`, '-V', '20260101Z:20270101Z') };
    expect(await verified({ lines: ca(), signed })).toEqual({
      valid: true,
      fingerprint: keys.fingerprint(certified),
      keyType: 'ssh-ed25519-cert-v01@openssh.com',
    });
  });

  test.each<{
    title: string;
    args: readonly string[];
    lines?: () => readonly string[];
    reason: SignatureRefusal;
  }>([
    { title: 'for another name', args: ['-n', 'b'], reason: 'key_of_another_name' },
    { title: 'for no name', args: [], reason: 'key_of_another_name' },
    {
      title: 'for a name that the line does not fit',
      args: ['-n', BY],
      lines: () => ca('*@example.com'),
      reason: 'key_of_another_name',
    },
    {
      title: 'for a name that the line takes out',
      args: ['-n', BY],
      lines: () => ca(`!${BY},*`),
      reason: 'key_of_another_name',
    },
    { title: 'that has expired', args: ['-n', BY, '-V', '20260101Z:20260615Z'], reason: 'key_expired' },
    {
      title: 'that is not valid yet',
      args: ['-n', BY, '-V', '20260616Z:20270101Z'],
      reason: 'key_not_yet_valid',
    },
    { title: 'of a machine', args: ['-h', '-n', BY], reason: 'signature_refused' },
    {
      title: 'with a critical option',
      args: ['-n', BY, '-O', 'force-command=true'],
      reason: 'signature_refused',
    },
    {
      title: 'whose authority is listed as a plain key',
      args: ['-n', BY],
      lines: () => ca(BY, NAMED),
      reason: 'key_unlisted',
    },
    {
      title: 'whose authority may certify for another namespace',
      args: ['-n', BY],
      lines: () => ca(BY, 'cert-authority,namespaces="promotion-start.v1"'),
      reason: 'key_other_namespace',
    },
    {
      title: 'whose plain key is listed',
      args: ['-n', BY],
      lines: () => [line(certified)],
      reason: 'key_unlisted',
    },
  ])('$title: $reason', async ({ args, lines = () => ca(), reason }) => {
    expect(await refusal({ lines: lines(), signed: { signature: certify(...args) } })).toBe(reason);
  });

  test('of a machine is told as such', async () => {
    const signed = { signature: certify('-h', '-n', BY) };
    expect(await verified({ lines: ca(), signed })).toMatchObject({
      detail: 'the certificate is a machine’s and no person’s',
    });
  });

  test('is refused once its authority or its serial number is revoked', async () => {
    const signed = { signature: certify('-n', BY) };
    expect(await refusal({ lines: ca(), signed, revoked: keys.revoking(authority) })).toBe('key_revoked');
    const spec = path.join(keys.folder, 'serials');
    writeFileSync(spec, 'serial: 7\n');
    keys.keygen('-q', '-k', '-f', 'krl-serial', '-s', `${authority}.pub`, spec);
    const revoked = readFileSync(path.join(keys.folder, 'krl-serial'));
    expect(await refusal({ lines: ca(), signed, revoked })).toBe('key_revoked');
  });
});

describe('nothing is known, and nothing is refused,', () => {
  test.each([
    {
      title: 'where ssh-keygen is missing',
      code: 'ssh_keygen_missing',
      settings: () => ({ searchPath: '/nowhere' }),
    },
    {
      title: 'where it takes too long',
      code: 'ssh_keygen_timeout',
      settings: () => ({ searchPath: standIn('slow', 'exec sleep 60'), deadlineMs: 200 }),
    },
    {
      title: 'where it exits with 0 and says nothing',
      code: 'ssh_keygen_failed',
      settings: () => ({ searchPath: standIn('mute', 'exit 0') }),
    },
    {
      title: 'where it says yes to another key',
      code: 'ssh_keygen_failed',
      settings: () => ({
        searchPath: standIn(
          'yes-to-another',
          `echo 'Good "${DECISION}" signature with ED25519 key SHA256:other'`,
        ),
      }),
    },
    {
      title: 'where it is used wrongly',
      code: 'ssh_keygen_failed',
      settings: () => ({ searchPath: standIn('usage', 'echo usage >&2; exit 1') }),
    },
    {
      title: 'where a file is gone',
      code: 'ssh_keygen_failed',
      settings: () => ({
        searchPath: standIn(
          'gone',
          "echo 'Could not verify signature.'; echo 'Unable to open: No such file or directory' >&2; exit 255",
        ),
      }),
    },
    {
      title: 'where there is no room for its files',
      code: 'io',
      settings: () => ({ searchPath, tempDirs: ['/nowhere'] }),
    },
  ])('$title: $code', async ({ code, settings }) => {
    const failure: unknown = await createVerifier(settings())(...plainly()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SignatureError);
    expect(failure).toMatchObject({ code });
  });
});

test('asks OpenSSH too, whose no stands where our own reading says yes', async () => {
  const folder = path.join(keys.folder, 'strict');
  mkdirSync(folder);
  const real = searchPath
    .split(':')
    .map((place) => path.join(place, 'ssh-keygen'))
    .find((file) => existsSync(file));
  writeFileSync(
    path.join(folder, 'ssh-keygen'),
    `#!/bin/sh
    export >> '${folder}/environment'
    [ "$2" = check-novalidate ] && exec '${real ?? ''}' "$@"
    echo "$4:1: no" >&2; echo 'Could not verify signature.'; exit 255
    `,
    { mode: 0o700 },
  );
  expect(await createVerifier({ searchPath: folder })(...plainly())).toEqual({
    valid: false,
    refusal: 'signature_refused',
    detail: 'OpenSSH does not allow it: allowed_signers:1: no',
  });
  const names = readFileSync(path.join(folder, 'environment'), 'utf8').match(/(?<=^export )\w+/gm);
  expect(new Set(names)).toEqual(new Set(['LC_ALL', 'PWD']));
});

test('tells a full disk as such, and leaves nothing on it', async ({ skip }) => {
  const disk = path.join(keys.folder, 'disk');
  mkdirSync(disk);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=0700', 'tmpfs', disk]).status !== 0)
    skip('mounting needs root');
  try {
    const [policy, signed] = plainly();
    const large = fileOf(...Array.from({ length: 400 }, () => '#'.repeat(99)), line(ed25519));
    const failure = await createVerifier({ searchPath, tempDirs: [disk] })(
      { ...policy, allowedSigners: large },
      signed,
    ).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'io', retryable: true });
    expect(readdirSync(disk)).toEqual([]);
  } finally {
    spawnSync('umount', [disk]);
  }
});

test('leaves no file behind', async () => {
  await verified();
  await refusal({ lines: [line(other)] });
  expect(readdirSync(tempDir)).toEqual([]);
});

/** What a command says beside a statement, its signature and a policy. */
const inFolder = (command: string, statementSignature: string): string => {
  const folder = path.join(keys.folder, 'by-hand');
  mkdirSync(folder, { recursive: true });
  const files = {
    'statement.json': STATEMENT,
    'statement.sig': statementSignature,
    allowed_signers: fileOf(line(ed25519, NAMED, 'alice@example.org')),
    'revoked.krl': keys.revoking(other),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
  return execFileSync('bash', ['-euc', command], { cwd: folder, encoding: 'utf8' });
};

describe('by hand, as docs/reference/signatures.md says,', () => {
  const documented = readFileSync(
    path.join(import.meta.dirname, '../../../docs/reference/signatures.md'),
    'utf8',
  );

  test('a signature verifies', () => {
    const commands = documented.split('## By hand')[1]?.split('```bash\n')[1]?.split('```')[0] ?? 'false';
    const fingerprint = keys.fingerprint(ed25519);
    expect(inFolder(commands, signature)).toBe(
      `Good "${DECISION}" signature with ED25519 key ${fingerprint}\n` +
        `Good "${DECISION}" signature for alice@example.org with ED25519 key ${fingerprint}\n`,
    );
  });

  test('a security key’s flags can be seen', () => {
    const command = /`(sed .*od -An -tx1)`/.exec(documented)?.[1] ?? 'false';
    expect(inFolder(command, security.sign(5, DECISION, STATEMENT))).toMatch(/^ 05 /);
  });
});

describe('whatever is edited', () => {
  // Each run asks ssh-keygen, two or three times, which takes some ms each.
  const RUNS = { numRuns: Math.max(20, Math.ceil(PROPERTY_RUNS / 10)) };
  const edit = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('replace', 'insert', 'delete'),
    text: fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('\n', ' ', 'A', '=', '\0')),
  });
  type Edit = Readonly<{ at: number; kind: string; text: string }>;
  const edited = (text: string, { at, kind, text: put }: Edit): string => {
    const place = at % (text.length + 1);
    return (
      text.slice(0, place) +
      (kind === 'delete' ? '' : put) +
      text.slice(kind === 'insert' ? place : place + 1)
    );
  };

  test('in a signature’s file makes it another one, which is refused', async () => {
    await fc.assert(
      fc.asyncProperty(edit, async (change) => {
        const changed = edited(signature, change);
        fc.pre(changed !== signature && changed !== signature.trimEnd());
        expect(await refusal({ signed: { signature: changed } })).not.toBe('valid');
      }),
      RUNS,
    );
  });

  test('in a signature’s bytes is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const blob = dearmour(signature);
        const place = at % blob.length;
        blob.writeUInt8(blob.readUInt8(place) ^ by, place);
        expect(await refusal({ signed: { signature: armour(blob) } })).not.toBe('valid');
      }),
      RUNS,
    );
  });

  test('in the statement is refused', async () => {
    await fc.assert(
      fc.asyncProperty(edit, async (change) => {
        const statement = edited(STATEMENT, change);
        fc.pre(statement !== STATEMENT);
        expect(await refusal({ signed: { statement } })).toBe('signature_invalid');
      }),
      RUNS,
    );
  });
});
