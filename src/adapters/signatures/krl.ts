/** Largest list of revoked keys that is read. */
export const MAX_KRL_BYTES = 1024 * 1024;

const MAGIC = 'SSHKRL\n\0';
/** Magic, format, version, date, flags, reserved and comment, the last two empty. */
const HEADER_BYTES = 44;
const COMMENT_LENGTH_AT = 40;

export type KrlForm = 'krl' | 'revokes_nothing' | 'empty' | 'no_krl' | 'too_large';

/**
 * What a list of revoked keys is at first sight; ssh-keygen reads the rest. OpenSSH also takes a text of public keys, and
 * then an empty file or one of comments: that revokes nothing, in silence.
 */
export function readKrl(bytes: Uint8Array): KrlForm {
  if (bytes.byteLength === 0) return 'empty';
  if (bytes.byteLength > MAX_KRL_BYTES) return 'too_large';
  const krl = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (krl.subarray(0, MAGIC.length).toString('latin1') !== MAGIC || krl.length < HEADER_BYTES)
    return 'no_krl';
  return krl.length === HEADER_BYTES + krl.readUInt32BE(COMMENT_LENGTH_AT) ? 'revokes_nothing' : 'krl';
}
