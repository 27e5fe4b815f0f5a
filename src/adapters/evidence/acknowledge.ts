import { refuseHead, NO_ORDERS } from '../../domain/orders.js';
import { refuseOrderer } from '../../domain/policy.js';
import { isSignedNow } from '../../domain/signing.js';
import { parseControl, type Submission } from '../../domain/statement.js';
import { prove } from '../proof.js';
import type { LoadedRunbook } from '../runbook/load.js';
import type { Verify } from '../signatures/verify.js';
import { EvidenceError } from './evidence-error.js';
import { headsOf } from './heads.js';
import { appendEntry, type JournalHead } from './journal.js';
import { readBack } from './left-behind.js';
import { endOf } from './past-runs.js';
import type { KnownRun, RunEvidence } from './run-evidence.js';
import { begunSeal, sealRun, type OpenKey } from './seal.js';
import { ASSEMBLED, MANIFEST } from './sealed-files.js';
import { notOurs } from './standing-manifest.js';

/** Where the journal of a run ends that was never sealed, for an acknowledgement to name. */
export async function unsealedHead(evidence: RunEvidence, known: KnownRun): Promise<JournalHead> {
  return (await readBack(evidence, known)).head;
}

export type Acknowledged =
  | { readonly sealed: true; readonly end: string; readonly manifest: string }
  | { readonly sealed: false; readonly refusal: string };

/**
 * Seals a run whose workflow is gone before it could: with the end that it had noted, else as abandoned. A person
 * acknowledges by name that it stays so. What may be half promoted is not sealed: that is rolled back.
 *
 * @param current the runbook as it is now; its policy says who may acknowledge
 */
export async function acknowledgeUnsealed(
  evidence: RunEvidence,
  verify: Verify,
  known: KnownRun,
  current: LoadedRunbook,
  submission: Submission,
  receivedAt: number,
  openKey: OpenKey,
): Promise<Acknowledged> {
  const { record, folder } = known;
  const statement = parseControl(submission);
  const { by, type, at, action, run, target, deployment, head: named, reason } = statement;
  if (
    action !== 'acknowledge' ||
    run !== record.run ||
    target !== record.target ||
    deployment !== record.deployment
  )
    return refuse('other_run');
  const { head, touched } = await readBack(evidence, known);
  const noted = await endOf(evidence, folder);
  if (noted === undefined && touched) return refuse('half_promoted');
  if (refuseHead(NO_ORDERS, [head], action, named) !== undefined) return refuse('other_head');
  if (!isSignedNow(at, receivedAt)) return refuse('not_signed_now');
  const role = refuseOrderer(current.plan.approval, record.requester, action, by);
  if (role !== undefined) return refuse(role);
  const proof = await prove(verify, current, { by, type, submission, receivedAt });
  if (!proof.proven) return refuse(proof.refusal);
  // What keeps it from being sealed is found before the order is recorded.
  await refuseUnsealable(evidence, known);
  await openKey();
  const { identity, key } = proof;
  const body = { by, action, reason, at, identity, key, ...submission };
  const next = await appendEntry(evidence, { run, head, at: receivedAt, kind: 'order-accepted', body });
  const end = noted ?? 'abandoned';
  const { manifest } = await sealRun(evidence, { run, end, reason: 'acknowledged', head: next }, openKey);
  return { sealed: true, end, manifest };
}

/**
 * What no acknowledgement can be sealed over: something has to be moved away, or put back, first.
 *
 * @throws EvidenceError `conflict` that names it
 */
export async function refuseUnsealable(evidence: RunEvidence, known: KnownRun): Promise<void> {
  const { folder, record } = known;
  if ((await begunSeal(evidence, known)) !== undefined)
    throw new EvidenceError(
      'conflict',
      `${record.run} is sealed, or being sealed: see \`promote evidence list\``,
    );
  const sealed = (await headsOf(evidence, record.target)).find(({ run }) => run === record.run);
  if (sealed !== undefined)
    throw new EvidenceError(
      'conflict',
      `${evidence.store.locate(folder)}: ${MANIFEST} is gone, which was sealed as ${sealed.manifest}: put it back`,
    );
  for (const name of ASSEMBLED)
    if (await evidence.store.has(folder, name)) throw notOurs(evidence, known, name);
}

function refuse(refusal: string): Acknowledged {
  return { sealed: false, refusal };
}
