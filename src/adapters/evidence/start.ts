import { refuseRequester, type RoleRefusal } from '../../domain/policy.js';
import { isSignedNow, type Identity, type SignatureRefusal } from '../../domain/signing.js';
import { parseStart, type Submission } from '../../domain/statement.js';
import { prove } from '../proof.js';
import type { LoadedRunbook } from '../runbook/load.js';
import type { Verify } from '../signatures/verify.js';
import type { KnownRun, RunEvidence } from './run-evidence.js';
import { keepStatement, readStatement, type KeptStatement } from './statements.js';

const BASE = 'start';

/** What a request to start has to say to be for this run and no other. */
export interface StartClaim {
  readonly deployment: string;
  readonly target: string;
  readonly commit: string;
  readonly requester: string;
  readonly reason: string;
  /** Digest of the target's latest sealed manifest. */
  readonly previous: string | null;
}

export type StartRefusal =
  RoleRefusal | SignatureRefusal | 'other_subject' | 'not_signed_now' | 'start_replayed' | 'secret_in_text';

export type StartProof =
  | { readonly proven: true; readonly identity: Identity; readonly key: string | null }
  | { readonly proven: false; readonly refusal: StartRefusal };

/**
 * Whether the requester asked for exactly this, just now and for the first time.
 *
 * @param submission null where nobody signed anything: enough for a target that is not protected
 * @param run that may have been started by it already, when it was given before
 * @throws MalformedStatement, SignatureError
 */
export async function proveStart(
  evidence: RunEvidence,
  verify: Verify,
  loaded: LoadedRunbook,
  claim: StartClaim,
  submission: Submission | null,
  receivedAt: number,
  run: string | undefined,
): Promise<StartProof> {
  const role = refuseRequester(loaded.plan.approval, claim.requester);
  if (role !== undefined) return { proven: false, refusal: role };
  if (submission === null)
    return loaded.plan.approval.roles?.protected === true
      ? { proven: false, refusal: 'signature_missing' }
      : { proven: true, identity: 'asserted', key: null };
  const statement = parseStart(submission);
  if (!isFor(submission, claim, loaded.digest)) return { proven: false, refusal: 'other_subject' };
  if (!isSignedNow(statement.at, receivedAt)) return { proven: false, refusal: 'not_signed_now' };
  if (await isUsed(evidence, claim.target, submission, run))
    return { proven: false, refusal: 'start_replayed' };
  return prove(verify, loaded, { by: statement.by, type: statement.type, submission, receivedAt });
}

function isFor(submission: Submission, claim: StartClaim, runbook: string): boolean {
  const { deployment, target, commit, by, reason, previous, runbook: named } = parseStart(submission);
  return (
    deployment === claim.deployment &&
    target === claim.target &&
    commit === claim.commit &&
    by === claim.requester &&
    reason === claim.reason &&
    previous === claim.previous &&
    named === runbook
  );
}

/** Why a promotion is not started, as one line. */
export function startProblem(target: string, requester: string, refusal: StartRefusal): string {
  return `the start of ${target} by ${requester} is refused (${refusal}): ${MEANING[refusal] ?? 'see `promote explain`'}`;
}

const MEANING: Readonly<Partial<Record<StartRefusal, string>>> = {
  not_a_requester: 'the runbook does not list this name under approval.requesters',
  signature_missing: 'the target is protected: sign with --signing-key, or PROMOTE_SIGNING_KEY',
  other_subject: 'it was signed for something else, or before another run ended: start again',
  not_signed_now: 'it was signed more than 5 minutes from now: check the clock, and start again',
  secret_in_text:
    'its reason holds a secret that the worker knows: change that secret, for Temporal has it now, and start again without it',
  start_replayed: 'a run was started by this very statement already: start again',
};

/** "nonce is written once": in the run that it started. Runs since it was signed are enough: before that it was not there. */
async function isUsed(
  evidence: RunEvidence,
  target: string,
  submission: Submission,
  run: string | undefined,
): Promise<boolean> {
  const { at, nonce } = parseStart(submission);
  const since = Date.parse(at) - CLOCKS_MS;
  for (const folder of (await evidence.foldersOf(target)).toReversed()) {
    if (openedAt(folder) < since) return false;
    if (run !== undefined && folder.endsWith(`-${run}`)) continue;
    const kept = await readStatement(evidence, folder, BASE);
    if (kept !== undefined && parseStart(kept.submission).nonce === nonce) return true;
  }
  return false;
}

/** As far as two clocks may differ where a statement is taken, twice. */
const CLOCKS_MS = 600_000;

/** Of `20260102T030405Z-…`, ms since the epoch. */
function openedAt(folder: string): number {
  return Date.parse(folder.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, '$1-$2-$3T$4:$5:$6Z'));
}

/** The run that a request starts. */
export interface StartedRun {
  readonly target: string;
  readonly folder: string;
  readonly run: string;
  readonly openedAt: string;
}

/**
 * Keeps the request of a run that is being opened; repeated, the first receipt stands.
 *
 * @returns why it starts nothing after all: the run is older than the request, so that nobody would look for it there; or
 *   another run kept the same request meanwhile, and of two that look after they kept theirs, one sees the other
 */
export async function keepStart(
  evidence: RunEvidence,
  { target, folder, run, openedAt: opened }: StartedRun,
  kept: KeptStatement,
): Promise<'other_subject' | 'start_replayed' | undefined> {
  if (Math.abs(Date.parse(opened) - Date.parse(parseStart(kept.submission).at)) > CLOCKS_MS)
    return 'other_subject';
  // Repeated, it is put again: its worker may have been lost before it was on the disk.
  await keepStatement(evidence, folder, BASE, (await readStatement(evidence, folder, BASE)) ?? kept);
  return (await isUsed(evidence, target, kept.submission, run)) ? 'start_replayed' : undefined;
}

/** The request as it was received; undefined where nobody stated one. */
export async function readStart(evidence: RunEvidence, folder: string): Promise<KeptStatement | undefined> {
  return readStatement(evidence, folder, BASE);
}

/**
 * Whether the stored request still proves the requester, under the given policy and at the time of its receipt.
 *
 * @throws SignatureError where it can't be told
 */
export async function isStartProven(
  evidence: RunEvidence,
  verify: Verify,
  { folder, record }: KnownRun,
  loaded: LoadedRunbook,
): Promise<boolean> {
  if (refuseRequester(loaded.plan.approval, record.requester) !== undefined) return false;
  const kept = await readStart(evidence, folder);
  if (kept === undefined) return loaded.plan.approval.roles?.protected !== true;
  const { deployment, target, commit, requester, reason, previous } = record;
  const claim = { deployment, target, commit, requester, reason, previous: previous?.manifest ?? null };
  if (!isFor(kept.submission, claim, loaded.digest)) return false;
  const { by, type } = parseStart(kept.submission);
  const { submission, receivedAt } = kept;
  return (await prove(verify, loaded, { by, type, submission, receivedAt })).proven;
}
