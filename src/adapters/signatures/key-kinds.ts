import { NotOfTheFormat, type WireReader } from './wire.js';

/** A kind of key that is taken. */
interface KeyKind {
  /** What ssh-keygen calls it. */
  readonly shown: string;
  /** What a signature by it may be. */
  readonly signatures: readonly string[];
  readonly securityKey: boolean;
  /** Reads its fields; the bits of an RSA key, undefined of any other. */
  readonly read: (reader: WireReader) => number | undefined;
}

const ecdsa = (curve: string, bytes: number): KeyKind['read'] => {
  return (reader) => {
    const named = reader.word();
    const point = reader.string();
    if (named !== curve || point.length !== bytes || point[0] !== 4)
      throw new NotOfTheFormat('its point is malformed');
    return undefined;
  };
};

const ed25519: KeyKind['read'] = (reader) => {
  if (reader.string().length !== 32) throw new NotOfTheFormat('its point is malformed');
  return undefined;
};

const application: KeyKind['read'] = (reader) => {
  if (reader.word() === '') throw new NotOfTheFormat('it names no application');
  return undefined;
};

const both = (first: KeyKind['read'], second: KeyKind['read']): KeyKind['read'] => {
  return (reader) => first(reader) ?? second(reader);
};

const plain = (shown: string, signature: string, read: KeyKind['read']): KeyKind => ({
  shown,
  signatures: [signature],
  securityKey: false,
  read,
});

const securityKey = (shown: string, signature: string, read: KeyKind['read']): KeyKind => ({
  shown,
  signatures: [signature],
  securityKey: true,
  read: both(read, application),
});

/** The kinds of keys that are taken; every other one, DSA among them, is not. */
export const KINDS: ReadonlyMap<string, KeyKind> = new Map([
  ['ssh-ed25519', plain('ED25519', 'ssh-ed25519', ed25519)],
  ['ecdsa-sha2-nistp256', plain('ECDSA', 'ecdsa-sha2-nistp256', ecdsa('nistp256', 65))],
  ['ecdsa-sha2-nistp384', plain('ECDSA', 'ecdsa-sha2-nistp384', ecdsa('nistp384', 97))],
  ['ecdsa-sha2-nistp521', plain('ECDSA', 'ecdsa-sha2-nistp521', ecdsa('nistp521', 133))],
  [
    'ssh-rsa',
    {
      shown: 'RSA',
      signatures: ['rsa-sha2-256', 'rsa-sha2-512'],
      securityKey: false,
      read: (reader) => {
        reader.positiveBits();
        return reader.positiveBits();
      },
    },
  ],
  ['sk-ssh-ed25519@openssh.com', securityKey('ED25519-SK', 'sk-ssh-ed25519@openssh.com', ed25519)],
  [
    'sk-ecdsa-sha2-nistp256@openssh.com',
    securityKey('ECDSA-SK', 'sk-ecdsa-sha2-nistp256@openssh.com', ecdsa('nistp256', 65)),
  ],
]);
