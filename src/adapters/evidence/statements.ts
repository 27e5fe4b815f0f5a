import type { z } from 'zod';

import { receiptSchema } from '../../contracts/statement-receipt.js';
import type { Identity } from '../../domain/signing.js';
import type { Submission } from '../../domain/statement.js';
import { sha256 } from '../canonical.js';
import { EvidenceError } from './evidence-error.js';
import { putTogether } from './put-together.js';
import type { RunEvidence } from './run-evidence.js';

export interface KeptStatement {
  readonly submission: Submission;
  /** ms since the epoch */
  readonly receivedAt: number;
  readonly identity: Identity;
  readonly key: string | null;
}

/**
 * Keeps what somebody said as they signed it, so that `ssh-keygen -Y verify` takes the files as they are. The receipt is
 * written last: a statement without one was not taken.
 *
 * @param base path without an ending
 */
export async function keepStatement(
  evidence: RunEvidence,
  folder: string,
  base: string,
  { submission, receivedAt, identity, key }: KeptStatement,
): Promise<void> {
  const statement = Buffer.from(submission.statement);
  const signature = submission.signature === null ? undefined : Buffer.from(submission.signature);
  await putTogether(evidence.store, folder, {
    [`${base}.statement.json`]: statement,
    [`${base}.sig`]: signature,
  });
  const kept: z.infer<typeof receiptSchema> = {
    v: 1,
    statement: sha256(statement),
    signature: signature === undefined ? null : sha256(signature),
    receivedAt: new Date(receivedAt).toISOString(),
    identity,
    key,
  };
  try {
    await evidence.putJson(folder, `${base}.json`, kept);
  } catch (error) {
    // Another attempt was first: its receipt stands, if it is of the same statement.
    const conflict = error instanceof EvidenceError && error.code === 'conflict';
    if (!conflict || (await readStatement(evidence, folder, base)) === undefined) throw error;
  }
}

/** @throws EvidenceError `conflict` where the files are not those that the receipt is of */
export async function readStatement(
  evidence: RunEvidence,
  folder: string,
  base: string,
): Promise<KeptStatement | undefined> {
  const kept = await evidence.readJson(folder, `${base}.json`, receiptSchema);
  if (kept === undefined) return undefined;
  const read = async (ending: string, expected: string): Promise<string> => {
    const bytes = await evidence.store.get(folder, `${base}.${ending}`);
    if (bytes === undefined || sha256(bytes) !== expected)
      throw new EvidenceError('conflict', `${base}.${ending} is not what its receipt was given for`);
    return Buffer.from(bytes).toString('utf8');
  };
  const [statement, signature] = await Promise.all([
    read('statement.json', kept.statement),
    kept.signature === null ? null : read('sig', kept.signature),
  ]);
  return {
    submission: { statement, signature },
    receivedAt: Date.parse(kept.receivedAt),
    identity: kept.identity,
    key: kept.key,
  };
}
