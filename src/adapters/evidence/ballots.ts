import { randomBytes } from 'node:crypto';

import { z } from 'zod';

import { subjectSchema, type Subject } from '../../contracts/run-record.js';
import { refuseVote, tally, type Ballot, type DecisionRefusal } from '../../domain/approval.js';
import type { ApprovalPolicy } from '../../domain/plan.js';
import { parseDecision, type Submission } from '../../domain/statement.js';
import { canonicalBytes, digest, sha256, type Digest } from '../canonical.js';
import type { JournalHead } from './journal.js';
import type { RunEvidence } from './run-evidence.js';

export interface ApprovalRequest {
  readonly run: string;
  /** Which request of the run this is, from 1: a void approval is followed by a fresh one. */
  readonly epoch: number;
  readonly round: string;
  /** The evidence that is approved: frozen here, or recording the first approval would void the second. */
  readonly head: JournalHead;
  /** ms since the epoch */
  readonly expiresAt: number;
}

const recordedDecision = z.strictObject({
  v: z.literal(1),
  statement: z.string().max(8_192),
  signature: z.string().max(16_384).nullable(),
  /** The worker's receipt: a signer can backdate, the worker does not. */
  receivedAt: z.iso.datetime(),
  /** Nothing but the name itself vouches for it. */
  identity: z.literal('asserted'),
});

const folderOfEpoch = (epoch: number): string => `approval-${epoch}`;

/**
 * Writes the subject of an approval request, with fresh random bits. Repeated, it gives the request that is there: a
 * request that was lost on its way back to the workflow stays the same one.
 */
export async function requestApproval(
  evidence: RunEvidence,
  { run, epoch, round, head, expiresAt }: ApprovalRequest,
): Promise<{ readonly digest: Digest; readonly request: string }> {
  const { folder, record, loaded } = await evidence.known(run);
  const path = `${folderOfEpoch(epoch)}/subject.json`;
  const existing = await evidence.readJson(folder, path, subjectSchema);
  const subject: Subject = existing ?? {
    v: 1,
    deployment: record.deployment,
    target: record.target,
    commit: record.commit,
    runbook: record.runbook,
    policy: record.policy,
    evidence: head,
    run,
    round,
    request: randomBytes(16).toString('hex'),
    required: loaded.plan.approval.required,
    requester: record.requester,
    expires: new Date(expiresAt).toISOString(),
    previous: record.previous?.manifest ?? null,
  };
  await evidence.putJson(folder, path, subject);
  return { digest: subjectDigest(subject), request: subject.request };
}

/** What a decision names. */
export function subjectDigest(subject: Subject): Digest {
  return digest('promotion-subject/v1', canonicalBytes(subject));
}

export interface DecisionRecord {
  readonly run: string;
  readonly epoch: number;
  readonly submission: Submission;
}

/**
 * Checks a decision on the worker's side, against the stored subject and the current policy, and keeps it. A refused one
 * leaves no decision file.
 */
export async function recordDecision(
  evidence: RunEvidence,
  policy: ApprovalPolicy,
  { run, epoch, submission }: DecisionRecord,
  receivedAt: number,
): Promise<{ readonly refusal: DecisionRefusal | undefined; readonly file: string }> {
  const statement = parseDecision(submission);
  const ballot = await readBallot(evidence, run, epoch);
  if (ballot === undefined) return { refusal: 'not_awaiting_approval', file: '' };
  const { record, folder } = await evidence.known(run);
  if (
    statement.run !== run ||
    statement.target !== record.target ||
    statement.deployment !== record.deployment
  )
    return { refusal: 'other_run', file: '' };
  if (statement.request !== ballot.request) return { refusal: 'other_subject', file: '' };
  const file = `${folderOfEpoch(epoch)}/decision-${sha256(Buffer.from(submission.statement)).slice(7, 23)}.json`;
  if (ballot.files.includes(file)) return { refusal: undefined, file };
  const refusal = refuseVote(policy, ballot, statement, receivedAt);
  if (refusal !== undefined) return { refusal, file: '' };
  const kept: z.infer<typeof recordedDecision> = {
    v: 1,
    statement: submission.statement,
    signature: submission.signature,
    receivedAt: new Date(receivedAt).toISOString(),
    identity: 'asserted',
  };
  await evidence.putJson(folder, file, kept);
  return { refusal: undefined, file };
}

export interface StoredBallot extends Ballot {
  readonly request: string;
  readonly subjectRecord: Subject;
  readonly files: readonly string[];
}

/** The stored votes on a request, or undefined where nobody was asked. */
export async function readBallot(
  evidence: RunEvidence,
  run: string,
  epoch: number,
): Promise<StoredBallot | undefined> {
  const folder = await evidence.folderOf(run);
  const subject = await evidence.readJson(folder, `${folderOfEpoch(epoch)}/subject.json`, subjectSchema);
  if (subject === undefined) return undefined;
  const files = await evidence.store.list(folder, `${folderOfEpoch(epoch)}/decision-`);
  const expiresAt = Date.parse(subject.expires);
  const votes = [];
  for (const file of files) {
    const decision = await evidence.readJson(folder, file, recordedDecision);
    if (decision === undefined || Date.parse(decision.receivedAt) >= expiresAt) continue;
    const statement = parseDecision(decision);
    if (statement.run === run && statement.request === subject.request) votes.push(statement);
  }
  return {
    subject: subjectDigest(subject),
    requester: subject.requester,
    expiresAt,
    votes,
    request: subject.request,
    subjectRecord: subject,
    files,
  };
}

/** The newest approval request of a run; 0 where nobody was asked. */
export async function latestEpoch(evidence: RunEvidence, run: string): Promise<number> {
  const folder = await evidence.folderOf(run);
  const epochs = (await evidence.store.list(folder, 'approval-')).map((path) =>
    Number(/^approval-(\d+)\//.exec(path)?.[1] ?? 0),
  );
  return Math.max(0, ...epochs);
}

/**
 * Whether the stored votes approve, under the given policy: asked again right before promoting, and about the newest
 * request only.
 */
export async function quorumReached(
  evidence: RunEvidence,
  run: string,
  policy: ApprovalPolicy,
  policyDigest: string,
): Promise<boolean> {
  const { record } = await evidence.known(run);
  const ballot = await readBallot(evidence, run, await latestEpoch(evidence, run));
  if (ballot === undefined) return false;
  const { subjectRecord: subject } = ballot;
  const same =
    subject.run === run &&
    subject.target === record.target &&
    subject.commit === record.commit &&
    subject.runbook === record.runbook &&
    subject.policy === policyDigest &&
    subject.requester === record.requester;
  return same && tally(policy, ballot) === 'approved';
}
