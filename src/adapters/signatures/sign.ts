import { access } from 'node:fs/promises';
import { resolve } from 'node:path';

import { execa } from 'execa';

import type { Namespace } from '../../domain/signing.js';
import { parseArmour } from './armour.js';
import { SignatureError } from './error.js';
import { withPrivateFolder } from './private-folder.js';
import { weaknessOf } from './public-key.js';
import { locateSshKeygen, runSshKeygen, said, type SshKeygenSettings } from './ssh-keygen.js';

export interface ToSign {
  readonly namespace: Namespace;
  /** Path of a private key, or of a public one (`.pub`) whose private key is beside it or with the agent. */
  readonly key: string;
  readonly statement: string;
  /** PATH and SSH_AUTH_SOCK are taken from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A person at a terminal can be asked for a passphrase, a PIN or a touch. Without one nothing is asked for. */
  readonly terminal: boolean;
}

/** For one that a person or an agent has to answer: a passphrase, a PIN, a touch. */
const PERSON_DEADLINE_MS = 120_000;
const AGENT_DEADLINE_MS = 60_000;

/**
 * The armoured signature of a statement, by OpenSSH, and looked at before it is handed out. The statement goes over
 * standard input: with a file, and an old signature beside it, ssh-keygen keeps the old one and says that all went well.
 *
 * @throws SignatureError no_such_key, agent_has_not_this_key, passphrase_needed, signing_failed; ssh_keygen_*, io
 */
export async function signStatement({ namespace, key, statement, env, terminal }: ToSign): Promise<string> {
  const settings: SshKeygenSettings = { searchPath: env['PATH'] ?? '' };
  if (!statement.isWellFormed()) throw failed('the statement is not well-formed text');
  const path = resolve(key);
  const isPrivate = await exists(path.replace(/(?:-cert)?\.pub$/, ''));
  if (!isPrivate && !(await exists(path)) && !(await exists(`${path}.pub`)))
    throw new SignatureError(
      'no_such_key',
      `There is no key ${key}: give the path of a private key, or of its .pub.`,
    );
  const socket = env['SSH_AUTH_SOCK'];
  const call: Signing = {
    args: ['-Y', 'sign', '-q', '-n', namespace, '-f', path],
    input: statement,
    env: { LC_ALL: 'C', ...(socket === undefined ? {} : { SSH_AUTH_SOCK: socket }) },
  };
  // An agent asks for what it needs itself; for a key file ssh-keygen does, and needs the terminal for it.
  const armour =
    terminal && isPrivate
      ? await signAtTerminal(settings, call)
      : await signAlone(settings, call, key, isPrivate);
  await mustHold(settings, namespace, statement, armour);
  return armour;
}

interface Signing {
  readonly args: readonly string[];
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Without a controlling terminal: where ssh-keygen would ask for something it fails, and does not wait. */
async function signAlone(
  settings: SshKeygenSettings,
  call: Signing,
  key: string,
  isPrivate: boolean,
): Promise<string> {
  const answer = await runSshKeygen(settings, { ...call, deadlineMs: AGENT_DEADLINE_MS });
  const { exitCode, stdout, stderr } = answer;
  if (exitCode === 0) return stdout;
  if (!isPrivate && /no private key found/iu.test(stderr))
    throw new SignatureError(
      'agent_has_not_this_key',
      `Neither the agent nor the folder has the private key of ${key}: add it with ssh-add, or see SSH_AUTH_SOCK.`,
    );
  if (/passphrase/iu.test(stderr))
    throw new SignatureError(
      'passphrase_needed',
      `The key ${key} has a passphrase, and there is no terminal to ask for it: add the key to an agent with ssh-add.`,
    );
  if (/unprotected private key/iu.test(stderr)) throw failed(`others can read ${key}; chmod 600 it`);
  throw failed(said(answer));
}

/** In the caller's session: ssh-keygen asks on its terminal, and what it says, a touch that it waits for too, is shown. */
async function signAtTerminal(settings: SshKeygenSettings, { args, input, env }: Signing): Promise<string> {
  const result = await execa(await locateSshKeygen(settings), args, {
    input,
    env,
    extendEnv: false,
    shell: false,
    reject: false,
    stripFinalNewline: false,
    stderr: 'inherit',
    timeout: PERSON_DEADLINE_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024,
  });
  if (result.exitCode === 0) return result.stdout;
  throw failed(
    result.timedOut
      ? `nothing was answered within ${PERSON_DEADLINE_MS / 1_000} s`
      : 'ssh-keygen says why above',
  );
}

/** Nobody should send, and hear much later, that a signature is none. */
async function mustHold(
  settings: SshKeygenSettings,
  namespace: Namespace,
  statement: string,
  armour: string,
): Promise<void> {
  const parsed = parseArmour(armour);
  if (parsed.kind !== 'signature') throw failed(parsed.why);
  const weak = weaknessOf(parsed.signature.key);
  if (weak !== undefined) throw failed(`${weak}; make an ed25519 key, and have it listed`);
  await withPrivateFolder(undefined, { signature: armour }, async (folder) => {
    const args = ['-Y', 'check-novalidate', '-n', namespace, '-s', `${folder}/signature`];
    const answer = await runSshKeygen(settings, { args, input: statement });
    if (answer.exitCode !== 0) throw failed(`what it made does not hold: ${said(answer)}`);
  });
}

function failed(why: string): SignatureError {
  return new SignatureError('signing_failed', `Nothing was signed: ${why}.`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
