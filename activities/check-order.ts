import type { RoleRefusal } from '../src/domain/policy.js';
import { refuseOrderer } from '../src/domain/policy.js';
import { isSignedNow, type Identity, type SignatureRefusal } from '../src/domain/signing.js';
import { parseControl, type Submission } from '../src/domain/statement.js';
import type { LoadedRunbook } from '../src/adapters/runbook/load.js';
import type { Dependencies } from './dependencies.js';
import { runbookNow } from './runbook-now.js';

export interface OrderCheck {
  readonly run: string;
  readonly requester: string;
  readonly submission: Submission;
}

export type OrderRefusal = RoleRefusal | SignatureRefusal | 'not_signed_now';

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
    const early: OrderRefusal | undefined =
      refuseOrderer(loaded.plan.approval, requester, action, by) ??
      (isSignedNow(at, receivedAt) ? undefined : 'not_signed_now');
    if (early !== undefined) return refused(early);
    const proof = await prove(verify, loaded, { by, type, submission, receivedAt });
    return proof.proven
      ? { refusal: undefined, identity: proof.identity, key: proof.key }
      : refused(proof.refusal);
  };
}

/** A runbook that can't be read now must not keep anybody from rolling back: the run's own policy stands in. */
async function policyFor(dependencies: Dependencies, target: string, run: string): Promise<LoadedRunbook> {
  const now = await runbookNow(dependencies, target, []);
  return now ?? (await dependencies.evidence.known(run)).loaded;
}

function refused(refusal: OrderRefusal): CheckedOrder {
  return { refusal, identity: 'asserted', key: null };
}
