import type { Identity, Namespace, SignatureRefusal } from '../domain/signing.js';
import type { Submission } from '../domain/statement.js';
import type { Signers } from './runbook/signers.js';
import type { LoadedRunbook } from './runbook/load.js';
import type { Verify } from './signatures/verify.js';

export type Proof =
  | { readonly proven: true; readonly identity: Identity; readonly key: string | null }
  | { readonly proven: false; readonly refusal: SignatureRefusal; readonly detail: string };

export interface Claim {
  readonly by: string;
  /** The statement's type, which is the signature's namespace. */
  readonly type: Namespace;
  readonly submission: Submission;
  /** The worker's receipt, ms since the epoch: the key must have been valid then. */
  readonly receivedAt: number;
}

/**
 * Whether somebody is who they say they are: by a signature of a key that the policy lists for that name. Without one, or
 * where the policy lists no keys, nothing but the name itself vouches for it, which no protected target takes.
 *
 * @throws SignatureError where it can't be told
 */
export async function prove(
  verify: Verify,
  { plan, runbook, signers }: Pick<LoadedRunbook, 'plan' | 'runbook' | 'signers'>,
  { by, type, submission, receivedAt }: Claim,
): Promise<Proof> {
  const { statement, signature } = submission;
  const asserted: Proof = { proven: true, identity: 'asserted', key: null };
  const missing: Proof = { proven: false, refusal: 'signature_missing', detail: '' };
  const isProtected = plan.approval.roles?.protected === true;
  if (signature === null || signers === undefined) return isProtected ? missing : asserted;
  const verified = await verify(keysOf(signers, runbook.approval.userVerification), {
    by,
    namespace: type,
    statement,
    signature,
    at: receivedAt,
  });
  return verified.valid
    ? { proven: true, identity: 'signed', key: verified.fingerprint }
    : { proven: false, refusal: verified.refusal, detail: verified.detail };
}

function keysOf({ allowedSigners, revokedKeys }: Signers, requireUserVerification: boolean) {
  return { allowedSigners, revoked: revokedKeys, requireUserVerification };
}
