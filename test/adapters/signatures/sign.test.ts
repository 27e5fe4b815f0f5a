// Proves that statements are signed with key files, by an agent and after a passphrase that a person types at a terminal
// (`script` gives it one), and that nothing waits for a person who is not there. Real security keys are not tried.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { SignatureError } from '../../../src/adapters/signatures/error.js';
import { signStatement, type ToSign } from '../../../src/adapters/signatures/sign.js';
import { createVerifier } from '../../../src/adapters/signatures/verify.js';
import {
  createSshKeys,
  fileOf,
  lonePublicKey,
  startSshAgent,
  type SshAgent,
  type SshKeys,
} from '../../support/ssh-keys.js';

const NAMESPACE = 'promotion-decision.v1';
const STATEMENT = '{"comment":"héllo","v":1}';
const PASSPHRASE = 'correct horse';
const searchPath = process.env['PATH'] ?? '';

let keys: SshKeys;
let agent: SshAgent;
let ed25519: string;
/** Its private half is with the agent alone. */
let held: string;
let locked: string;

beforeAll(async () => {
  keys = createSshKeys();
  agent = await startSshAgent(keys.folder);
  ed25519 = keys.make('ed25519');
  const both = keys.make('held');
  agent.add(both);
  held = lonePublicKey(keys.folder, 'lone', keys.publicKey(both));
  locked = path.join(keys.folder, 'locked');
  keys.keygen('-q', '-t', 'ed25519', '-N', PASSPHRASE, '-C', 'locked', '-f', locked);
});
afterAll(async () => {
  await agent.stop();
  keys.remove();
});

function sign(changed: Partial<ToSign>): Promise<string> {
  return signStatement({
    namespace: NAMESPACE,
    key: ed25519,
    statement: STATEMENT,
    env: { PATH: searchPath },
    terminal: false,
    ...changed,
  });
}

function readable(): string {
  const key = keys.make('readable');
  chmodSync(key, 0o644);
  return key;
}

async function holds(signature: string, publicKey: string): Promise<boolean> {
  const verification = await createVerifier({ searchPath })(
    {
      allowedSigners: fileOf(`a namespaces="${NAMESPACE}" ${publicKey}`),
      revoked: undefined,
      requireUserVerification: false,
    },
    { by: 'a', namespace: NAMESPACE, statement: STATEMENT, signature, at: Date.now() },
  );
  return verification.valid;
}

describe('a statement is signed', () => {
  test.each(['ed25519', 'ecdsa', 'rsa -b 3072'])('with a key file of the type %s', async (type) => {
    const key = keys.make(`file-${type}`, '-t', ...type.split(' '));
    expect(await holds(await sign({ key }), keys.publicKey(key))).toBe(true);
    expect(await holds(await sign({ key: `${key}.pub` }), keys.publicKey(key))).toBe(true);
  });

  test('by an agent that alone has the private key, and by a private key that the agent has as well', async () => {
    const env = { PATH: searchPath, SSH_AUTH_SOCK: agent.socket };
    const publicKey = readFileSync(held, 'utf8').trim();
    expect(await holds(await sign({ key: held, env }), publicKey)).toBe(true);
    expect(await holds(await sign({ key: held, env, terminal: true }), publicKey)).toBe(true);
    expect(await holds(await sign({ key: path.join(keys.folder, 'held'), env }), publicKey)).toBe(true);
  });

  test('with a certificate, whose signature carries it', async () => {
    const [authority, key] = [keys.make('authority'), keys.make('certified')];
    keys.keygen('-q', '-s', authority, '-I', 'id', '-n', 'a', `${key}.pub`);
    const signature = await sign({ key: `${key}-cert.pub` });
    expect(await holds(signature, keys.publicKey(key))).toBe(false);
    const verification = await createVerifier({ searchPath })(
      {
        allowedSigners: fileOf(`a cert-authority,namespaces="${NAMESPACE}" ${keys.publicKey(authority)}`),
        revoked: undefined,
        requireUserVerification: false,
      },
      { by: 'a', namespace: NAMESPACE, statement: STATEMENT, signature, at: Date.now() },
    );
    expect(verification).toMatchObject({ valid: true, fingerprint: keys.fingerprint(key) });
  });

  test('where an old signature lies beside the key, which stays as it is', async () => {
    writeFileSync(`${ed25519}.sig`, 'old');
    expect(await holds(await sign({}), keys.publicKey(ed25519))).toBe(true);
    expect(readFileSync(`${ed25519}.sig`, 'utf8')).toBe('old');
  });
});

describe('nothing is signed', () => {
  test.each<{ title: string; changed: () => Partial<ToSign>; code: string; remedy: RegExp }>([
    {
      title: 'without a key',
      changed: () => ({ key: '/nowhere/key' }),
      code: 'no_such_key',
      remedy: /give the path/,
    },
    {
      title: 'without an agent',
      changed: () => ({ key: held }),
      code: 'agent_has_not_this_key',
      remedy: /ssh-add/,
    },
    {
      title: 'by an agent without the key',
      changed: () => ({
        key: lonePublicKey(keys.folder, 'elsewhere', keys.publicKey(ed25519)),
        env: { PATH: searchPath, SSH_AUTH_SOCK: agent.socket },
      }),
      code: 'agent_has_not_this_key',
      remedy: /ssh-add/,
    },
    {
      title: 'with a passphrase and nobody to ask',
      changed: () => ({ key: locked }),
      code: 'passphrase_needed',
      remedy: /ssh-add/,
    },
    {
      title: 'with a weak key',
      changed: () => ({ key: keys.make('weak', '-t', 'rsa', '-b', '1024') }),
      code: 'signing_failed',
      remedy: /ed25519/,
    },
    {
      title: 'with a file that is no key',
      changed: () => ({ key: path.join(keys.folder, 'ed25519.sig') }),
      code: 'signing_failed',
      remedy: /load public key/,
    },
    {
      title: 'with a key that others can read',
      changed: () => ({ key: readable() }),
      code: 'signing_failed',
      remedy: /chmod 600/,
    },
    {
      title: 'of text that has no bytes',
      changed: () => ({ statement: '\ud800' }),
      code: 'signing_failed',
      remedy: /well-formed/,
    },
    {
      title: 'without ssh-keygen',
      changed: () => ({ env: { PATH: '/nowhere' } }),
      code: 'ssh_keygen_missing',
      remedy: /install/,
    },
  ])('$title: $code', async ({ changed, code, remedy }) => {
    writeFileSync(path.join(keys.folder, 'ed25519.sig'), 'old');
    const failure: unknown = await sign(changed()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SignatureError);
    expect(failure).toMatchObject({ code });
    expect(String(failure)).toMatch(remedy);
    expect(String(failure)).not.toContain('\n');
  });
});

describe('at a terminal', () => {
  const root = path.resolve(import.meta.dirname, '../../..');
  let compiled: string;

  /** The signing part as JavaScript, for a process of its own; below node_modules, so that libraries are found. */
  beforeAll(() => {
    const cache = path.join(root, 'node_modules/.cache');
    mkdirSync(cache, { recursive: true });
    compiled = mkdtempSync(path.join(cache, 'signing-'));
    const compilerOptions = {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      verbatimModuleSyntax: true,
    };
    for (const folder of ['src/adapters', 'src/adapters/signatures', 'src/domain'])
      for (const name of readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.ts'))) {
        const { outputText } = ts.transpileModule(readFileSync(path.join(root, folder, name), 'utf8'), {
          compilerOptions,
        });
        mkdirSync(path.join(compiled, folder), { recursive: true });
        writeFileSync(path.join(compiled, folder, name.replace(/\.ts$/, '.js')), outputText);
      }
    writeFileSync(path.join(compiled, 'package.json'), '{"type":"module"}');
    writeFileSync(
      path.join(compiled, 'main.js'),
      `import { writeFileSync } from 'node:fs';
       import { signStatement } from './src/adapters/signatures/sign.js';
       const [key, file, statement] = process.argv.slice(2);
       const request = { namespace: '${NAMESPACE}', key, statement, env: process.env, terminal: true };
       try { writeFileSync(file, await signStatement(request)); }
       catch (error) { console.log(error.code); }`,
    );
  });
  afterAll(() => rmSync(compiled, { recursive: true, force: true }));

  /** What stood on the terminal; `typed` is typed once ssh-keygen asks for the passphrase. */
  async function atTerminal(file: string, typed: string): Promise<string> {
    const quoted = [process.execPath, path.join(compiled, 'main.js'), locked, file, STATEMENT].map(
      (word) => `'${word}'`,
    );
    const child = spawn('script', ['-qec', quoted.join(' '), '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let shown = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const before = /passphrase/i.test(shown);
      shown += chunk.toString('utf8');
      if (!before && /passphrase/i.test(shown)) child.stdin.write(`${typed}\n`);
    });
    await new Promise((resolve) => child.once('close', resolve));
    return shown;
  }

  test('a passphrase is asked for, and the signature holds', async () => {
    const file = path.join(keys.folder, 'signed-at-terminal');
    expect(await atTerminal(file, PASSPHRASE)).toMatch(/Enter passphrase/);
    expect(await holds(readFileSync(file, 'utf8'), keys.publicKey(locked))).toBe(true);
  });

  test('a wrong passphrase signs nothing, and ssh-keygen’s own words reach the person', async () => {
    const file = path.join(keys.folder, 'not-signed');
    const shown = await atTerminal(file, 'wrong');
    expect(shown).toMatch(/incorrect passphrase/);
    expect(shown).toMatch(/signing_failed/);
    expect(existsSync(file)).toBe(false);
  });
});
