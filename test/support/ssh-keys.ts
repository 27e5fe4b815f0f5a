import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder of real keys, made by the real ssh-keygen. */
export interface SshKeys {
  readonly folder: string;
  /** Makes a key; its path. */
  readonly make: (name: string, ...args: readonly string[]) => string;
  /** `TYPE BASE64` of a key's public half. */
  readonly publicKey: (key: string) => string;
  readonly fingerprint: (key: string) => string;
  /** What `ssh-keygen -Y sign` writes, with whatever key, in whatever namespace. */
  readonly sign: (key: string, namespace: string, statement: string) => string;
  /** The bytes of a list that revokes these keys. */
  readonly revoking: (...keys: readonly string[]) => Uint8Array;
  readonly revokingNothing: () => Uint8Array;
  readonly keygen: (...args: readonly string[]) => string;
  readonly remove: () => void;
}

const publicKey = (key: string): string =>
  readFileSync(`${key}.pub`, 'utf8').split(' ').slice(0, 2).join(' ').trim();

/** @param folder an existing one; its own, under the system's, where it is left out */
export function createSshKeys(folder = mkdtempSync(path.join(tmpdir(), 'promote-ssh-keys-'))): SshKeys {
  const keygen = (...args: readonly string[]): string =>
    execFileSync('ssh-keygen', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    folder,
    keygen,
    publicKey,
    make: (name, ...args) => {
      keygen('-q', '-N', '', '-C', name, '-f', name, ...(args.length === 0 ? ['-t', 'ed25519'] : args));
      return path.join(folder, name);
    },
    fingerprint: (key) => keygen('-l', '-f', `${key}.pub`).split(' ')[1] ?? '',
    sign: (key, namespace, statement) =>
      execFileSync('ssh-keygen', ['-Y', 'sign', '-q', '-n', namespace, '-f', key], {
        input: statement,
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'pipe'],
      }),
    revoking: (...keys) => {
      const krl = path.join(folder, 'krl');
      keygen('-q', '-k', '-f', krl, ...keys.map((key) => `${key}.pub`));
      return readFileSync(krl);
    },
    revokingNothing: () => {
      keygen('-q', '-k', '-f', 'krl-of-nothing', '/dev/null');
      return readFileSync(path.join(folder, 'krl-of-nothing'));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface SshAgent {
  readonly socket: string;
  readonly add: (key: string) => void;
  readonly stop: () => Promise<void>;
}

/** A real ssh-agent with a socket of its own; ended by its process. */
export async function startSshAgent(folder: string): Promise<SshAgent> {
  const socket = path.join(folder, 'agent.sock');
  const agent: ChildProcess = spawn('ssh-agent', ['-D', '-a', socket], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => agent.once('exit', () => resolve()));
  // It prints where it listens once it does.
  await new Promise<void>((resolve, reject) => {
    agent.once('error', reject);
    agent.stdout?.once('data', () => resolve());
  });
  return {
    socket,
    add: (key) => {
      execFileSync('ssh-add', ['-q', key], {
        env: { SSH_AUTH_SOCK: socket, PATH: process.env['PATH'] },
        stdio: 'pipe',
      });
    },
    stop: async () => {
      agent.kill('SIGTERM');
      await ended;
    },
  };
}

/** A security key in software: what a real one signs, with any flags. */
export interface SoftwareSecurityKey {
  /** `TYPE BASE64` */
  readonly publicKey: string;
  readonly sign: (flags: number, namespace: string, statement: string) => string;
}

export function softwareSecurityKey(): SoftwareSecurityKey {
  const type = 'sk-ssh-ed25519@openssh.com';
  const application = 'ssh:';
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const blob = Buffer.concat([wire(type), wire(point), wire(application)]);
  return {
    publicKey: `${type} ${blob.toString('base64')}`,
    sign: (flags, namespace, statement) => {
      const hash = createHash('sha512').update(statement).digest();
      const message = Buffer.concat([
        Buffer.from('SSHSIG'),
        wire(namespace),
        wire(''),
        wire('sha512'),
        wire(hash),
      ]);
      const state = Buffer.from([flags, 0, 0, 0, 7]);
      const signed = Buffer.concat([
        createHash('sha256').update(application).digest(),
        state,
        createHash('sha256').update(message).digest(),
      ]);
      const inner = Buffer.concat([wire(type), wire(sign(null, signed, privateKey)), state]);
      return armour(
        Buffer.concat([
          Buffer.from('SSHSIG'),
          Buffer.from([0, 0, 0, 1]),
          wire(blob),
          wire(namespace),
          wire(''),
          wire('sha512'),
          wire(inner),
        ]),
      );
    },
  };
}

export function armour(blob: Uint8Array): string {
  const lines =
    Buffer.from(blob)
      .toString('base64')
      .match(/.{1,70}/g) ?? [];
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`;
}

/** The bytes in an armour. */
export function dearmour(text: string): Buffer {
  return Buffer.from(text.split('\n').slice(1, -2).join(''), 'base64');
}

/** A string as SSH writes it. */
export function wire(content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A file of these lines, as bytes. */
export function fileOf(...lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

/** Writes a public key where only that half of it is. */
export function lonePublicKey(folder: string, name: string, publicKey: string): string {
  const file = path.join(folder, `${name}.pub`);
  writeFileSync(file, `${publicKey}\n`);
  return file;
}
