import type { RoleRefusal } from '../src/domain/policy.js';
import { refuseOrderer } from '../src/domain/policy.js';
import { isSignedNow, type Identity, type SignatureRefusal } from '../src/domain/signing.js';
import { parseControl, type Submission } from '../src/domain/statement.js';
import type { LoadedRunbook } from '../src/adapters/runbook/load.js';
import type { Dependencies } from './dependencies.js';
import { runbookNow } from './runbook-now.js';
import { hasSecret } from './secret-in-text.js';

export interface OrderCheck {
  readonly run: string;
  readonly requester: string;
  readonly submission: Submission;
}

export type OrderRefusal = RoleRefusal | SignatureRefusal | 'not_signed_now' | 'secret_in_text';

export interface CheckedOrder {
  readonly refusal: OrderRefusal | undefined;
  readonly identity: Identity;
  readonly key: string | null;
}

/**
 * Who gives an order, and whether they may, by the policy as it is on this worker now. Writes nothing and needs no store as
 * long as the runbook can be read: a full disk keeps nobody from rolling back.
 */
export function checkOrderWith(dependencies: Dependencies) {
  return async ({ run, requester, submission }: OrderCheck): Promise<CheckedOrder> => {
    const { verify, prove } = dependencies;
    const receivedAt = Date.now();
    const { by, type, action, target, at } = parseControl(submission);
    const loaded = await policyFor(dependencies, target, run);
    // What stops a promotion is about the head that it names, and comes late where a worker or a clock was: it works still.
    const stops = action === 'abort' || action === 'rollback';
    const early: OrderRefusal | undefined =
      refuseOrderer(loaded.plan.approval, requester, action, by) ??
      (!stops && hasSecret(dependencies, loaded, submission.statement) ? 'secret_in_text' : undefined) ??
      (stops || isSignedNow(at, receivedAt) ? undefined : 'not_signed_now');
    if (early !== undefined) return refused(early);
    const proof = await prove(verify, loaded, { by, type, submission, receivedAt });
    return proof.proven
      ? { refusal: undefined, identity: proof.identity, key: proof.key }
      : refused(proof.refusal);
  };
}

/** A runbook or a file of keys that is just being edited must keep nobody from rolling back: the run's own policy stands in. */
async function policyFor(dependencies: Dependencies, target: string, run: string): Promise<LoadedRunbook> {
  const now = await runbookNow(dependencies, target, []);
  const whole = now !== undefined && (await isWhole(dependencies, now, target));
  return whole ? now : (await dependencies.evidence.known(run)).loaded;
}

async function isWhole(
  { policyFindings }: Dependencies,
  loaded: LoadedRunbook,
  target: string,
): Promise<boolean> {
  // A look that failed says nothing against the policy as it is now; a signature that can’t be checked is taken by neither.
  const findings = await policyFindings(loaded, target).catch(() => []);
  return findings.every(({ severity }) => severity !== 'error');
}

function refused(refusal: OrderRefusal): CheckedOrder {
  return { refusal, identity: 'asserted', key: null };
}
