import { attestationSchema, RUN_PREDICATE, type Attestation } from '../../contracts/attestation.js';
import { attestedRunSchema, type AttestedRun } from '../../contracts/attested-run.js';
import { canonicalBytes, CanonicalError, parseCanonical } from '../canonical.js';
import { parseEnvelope, signEnvelope, type Envelope } from './dsse.js';
import { AttestationError } from './error.js';
import type { SigningKey } from './signing-key.js';
import { statementsOf } from './statements.js';

export const ATTESTATIONS_FILE = 'attestations.intoto.jsonl';

export interface ReadAttestation {
  readonly envelope: Envelope;
  readonly statement: Attestation;
}

/** The bytes of a run's attestations: a signed envelope a line. The same run and key give the same bytes. */
export async function attest(run: AttestedRun, key: SigningKey): Promise<Uint8Array> {
  const lines: Uint8Array[] = [];
  for (const payload of payloadsOf(run)) lines.push(await signEnvelope(payload, key), LINE_END);
  return Buffer.concat(lines);
}

/** What is signed of a run, in the order of its attestations. */
export function payloadsOf(run: AttestedRun): readonly Uint8Array[] {
  return statementsOf(attestedRunSchema.parse(run)).map(payloadOf);
}

/** Whether attestations say all that of a run and nothing else; who signed them is not looked at. */
export function attests(bytes: Uint8Array, run: AttestedRun): boolean {
  try {
    const read = parseAttestations(bytes);
    const own = payloadsOf(run);
    return (
      read.length === own.length &&
      read.every(({ envelope }, index) => Buffer.compare(envelope.payload, own[index] ?? Buffer.of()) === 0)
    );
  } catch (error) {
    if (error instanceof AttestationError) return false;
    throw error;
  }
}

/** What is signed of a statement. A verifier compares these bytes, not what it reads from them. */
export function payloadOf(statement: Attestation): Uint8Array {
  return canonicalBytes(attestationSchema.parse(statement));
}

/**
 * Reads a file of attestations, strictly: each line ends in one line feed, the first is of the run, and no kind stands
 * twice. Nothing is believed yet: who signed is for trusted-keys.ts to say.
 *
 * @throws AttestationError `attestation_malformed`, `attestation_wrong_type`
 */
export function parseAttestations(bytes: Uint8Array): readonly ReadAttestation[] {
  const read = linesOf(bytes).map((line): ReadAttestation => {
    const envelope = parseEnvelope(line);
    return { envelope, statement: statementIn(envelope.payload) };
  });
  const types = read.map(({ statement }) => statement.predicateType);
  if (types[0] !== RUN_PREDICATE || new Set(types).size !== types.length)
    throw new AttestationError('attestation_malformed', 'the run is attested first, and each kind once');
  return read;
}

const LINE_END = Buffer.from('\n');

/** There are three kinds. */
const MAX_LINES = 3;

function linesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  let from = 0;
  while (from < bytes.byteLength && lines.length <= MAX_LINES) {
    const to = bytes.indexOf(LINE_FEED, from);
    if (to === -1) throw new AttestationError('attestation_malformed', 'the last line does not end');
    lines.push(bytes.subarray(from, to));
    from = to + 1;
  }
  if (lines.length === 0 || lines.length > MAX_LINES)
    throw new AttestationError('attestation_malformed', `attestations are 1 to ${MAX_LINES} lines`);
  return lines;
}

const LINE_FEED = 0x0a;

function statementIn(payload: Uint8Array): Attestation {
  let value: unknown;
  try {
    value = parseCanonical(payload);
  } catch (error) {
    if (!(error instanceof CanonicalError)) throw error;
    throw new AttestationError('attestation_malformed', `a statement is no canonical JSON (${error.code})`, {
      cause: error,
    });
  }
  const read = attestationSchema.safeParse(value);
  if (read.success) return read.data;
  const foreign = read.error.issues.some(({ path }) => path[0] === 'predicateType' || path[0] === '_type');
  throw new AttestationError(
    foreign ? 'attestation_wrong_type' : 'attestation_malformed',
    foreign ? 'a statement of a type that we do not write' : 'a statement is not of its form',
    { cause: read.error },
  );
}
