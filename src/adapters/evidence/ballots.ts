import { randomBytes } from 'node:crypto';

import { subjectSchema, type Subject } from '../../contracts/run-record.js';
import { DECISION_RECEIPT } from '../../contracts/statement-receipt.js';
import { refuseVote, tally, voteOf, type Ballot, type DecisionRefusal } from '../../domain/approval.js';
import { isSignedNow, type Identity } from '../../domain/signing.js';
import { parseDecision, type DecisionStatement, type Submission } from '../../domain/statement.js';
import { voterGroups } from '../../domain/voters.js';
import { canonicalBytes, digest, sha256, type Digest } from '../canonical.js';
import { prove, type Proof } from '../proof.js';
import type { LoadedRunbook } from '../runbook/load.js';
import { edgesOf, parseAllowedSigners } from '../signatures/allowed-signers.js';
import type { Verify } from '../signatures/verify.js';
import type { JournalHead } from './journal.js';
import type { RunEvidence } from './run-evidence.js';
import { isStartProven, readStart } from './start.js';
import { keepStatement, readStatement, type KeptStatement } from './statements.js';

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

const folderOfEpoch = (epoch: number): string => `approval-${epoch}`;

/**
 * Writes the subject of an approval request, with fresh random bits. Repeated, it gives the request that is there: a
 * request that was lost on its way back to the workflow stays the same one.
 */
export async function requestApproval(
  evidence: RunEvidence,
  { run, epoch, round, head, expiresAt }: ApprovalRequest,
): Promise<{ readonly digest: Digest; readonly request: string; readonly text: string }> {
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
  const text = Buffer.from(canonicalBytes(subject)).toString('utf8');
  return { digest: subjectDigest(subject), request: subject.request, text };
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

/** What became of a decision on the worker's side. The last three are left out in histories of before there were any. */
export interface RecordedDecision {
  readonly refusal: DecisionRefusal | undefined;
  /** Where it stands in the evidence. */
  readonly file: string;
  readonly voter?: string | undefined;
  readonly identity?: Identity | undefined;
  readonly key?: string | null | undefined;
}

/**
 * Checks a decision on the worker's side, against the stored subject and the current policy, and keeps it. A refused one
 * leaves no file.
 *
 * @param current the runbook as it is on this worker now
 * @throws SignatureError where a signature can't be checked: it is neither taken nor refused
 */
export async function recordDecision(
  evidence: RunEvidence,
  verify: Verify,
  current: LoadedRunbook,
  { run, epoch, submission }: DecisionRecord,
  receivedAt: number,
): Promise<RecordedDecision> {
  const statement = parseDecision(submission);
  const refuse = (refusal: DecisionRefusal): RecordedDecision => ({
    refusal,
    file: '',
    voter: statement.by,
    identity: 'asserted',
    key: null,
  });
  const { record, folder } = await evidence.known(run);
  if (current.policy !== record.policy) return refuse('policy_changed');
  const stored = await readBallot(evidence, run, epoch);
  if (stored === undefined) return refuse('not_awaiting_approval');
  if (
    statement.run !== run ||
    statement.target !== record.target ||
    statement.deployment !== record.deployment
  )
    return refuse('other_run');
  if (statement.request !== stored.subject.request) return refuse('other_subject');
  const again = async (vote: StoredVote): Promise<RecordedDecision> => {
    const { by, identity, key, base } = vote;
    // Its worker may have been lost before it was on the disk.
    await keepStatement(evidence, folder, base, vote);
    const voter = votersOf(current, stored, [])(by);
    return { refusal: undefined, file: `${base}.json`, voter, identity, key };
  };
  const same = stored.votes.find((vote) => vote.submission.statement === submission.statement);
  if (same !== undefined) return again(same);
  if (!isSignedNow(statement.at, receivedAt)) return refuse('not_signed_now');
  const { by, type, verdict, subject } = statement;
  const { approval } = current.plan;
  // A vote that was kept, and whose answer was lost on its way: who says the same again is told that it stands.
  const kept = stored.votes.find(
    (vote) => vote.by === by && vote.statement.verdict === verdict && vote.statement.subject === subject,
  );
  const byName = refuseVote(approval, ballotOf(current, stored), voteOf(statement), receivedAt);
  if (kept === undefined && byName !== undefined) return refuse(byName);
  const proof = await prove(verify, current, { by, type, submission, receivedAt });
  if (!proof.proven) return refuse(proof.refusal);
  if (kept !== undefined) return again(kept);
  const { identity, key } = proof;
  const voterOf = votersOf(current, stored, key === null ? [] : [{ by, key }]);
  const voter = voterOf(by);
  const ballot = ballotOf(current, stored, voterOf);
  const refusal = refuseVote(approval, ballot, voteOf(statement, voter), receivedAt);
  if (refusal !== undefined) return refuse(refusal);
  const base = `${folderOfEpoch(epoch)}/decision-${sha256(Buffer.from(submission.statement)).slice(7, 23)}`;
  await keepStatement(evidence, folder, base, { submission, receivedAt, identity, key });
  return { refusal: undefined, file: `${base}.json`, voter, identity, key };
}

export interface StoredVote extends KeptStatement {
  readonly statement: DecisionStatement;
  readonly by: string;
  /** Path without an ending. */
  readonly base: string;
}

/** An approval request and its votes, as the store has them. */
export interface StoredBallot {
  readonly subject: Subject;
  readonly votes: readonly StoredVote[];
  /** Fingerprint of the key that the requester signed with. */
  readonly requesterKey: string | null;
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
  const votes: StoredVote[] = [];
  for (const file of files) {
    const base = DECISION_RECEIPT.exec(file)?.[1];
    const kept = base === undefined ? undefined : await readStatement(evidence, folder, base);
    if (base === undefined || kept === undefined || kept.receivedAt >= expiresAt) continue;
    const statement = parseDecision(kept.submission);
    if (statement.run === run && statement.request === subject.request)
      votes.push({ ...kept, statement, by: statement.by, base });
  }
  const requesterKey = (await readStart(evidence, folder))?.key ?? null;
  return { subject, votes, requesterKey };
}

/** Names and keys that belong together, over the whole policy, the request to start, and the votes. */
function votersOf(
  { signers }: LoadedRunbook,
  { subject, votes, requesterKey }: StoredBallot,
  more: readonly { readonly by: string; readonly key: string }[],
): (name: string) => string {
  const used = [...votes, ...more, { by: subject.requester, key: requesterKey }].flatMap(({ by, key }) =>
    key === null ? [] : [{ principal: by, fingerprint: key }],
  );
  const listed = signers === undefined ? [] : edgesOf(parseAllowedSigners(signers.allowedSigners));
  return voterGroups([...listed, ...used]);
}

function ballotOf(
  loaded: LoadedRunbook,
  stored: StoredBallot,
  voterOf = votersOf(loaded, stored, []),
): Ballot {
  const { subject, votes } = stored;
  return {
    subject: subjectDigest(subject),
    requester: voterOf(subject.requester),
    expiresAt: Date.parse(subject.expires),
    votes: votes.map(({ statement, by }) => voteOf(statement, voterOf(by))),
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
 * Why this run may not promote by what people said, or undefined where it may: asked again right before promoting, about the
 * newest request only, with every signature checked anew. An approval that proves nothing any more does not count; a reject
 * always does.
 *
 * @param current the runbook as it is on this worker now
 * @param now ms since the epoch; undefined where it has begun to promote, which goes on however long it takes
 * @throws SignatureError where a signature can't be checked
 */
export async function refuseByPeople(
  evidence: RunEvidence,
  verify: Verify,
  run: string,
  current: LoadedRunbook,
  now: number | undefined,
): Promise<'requester_not_proven' | 'quorum_not_met' | 'approval_too_old' | undefined> {
  const known = await evidence.known(run);
  const { record } = known;
  const stored = await readBallot(evidence, run, await latestEpoch(evidence, run));
  if (stored === undefined) return 'quorum_not_met';
  const { subject } = stored;
  if (now !== undefined && now > Date.parse(subject.expires) + PREFLIGHT_WITHIN_MS) return 'approval_too_old';
  const same =
    subject.run === run &&
    subject.deployment === record.deployment &&
    subject.target === record.target &&
    subject.commit === record.commit &&
    subject.runbook === record.runbook &&
    subject.policy === current.policy &&
    subject.required === current.plan.approval.required &&
    subject.requester === record.requester;
  if (!same) return 'quorum_not_met';
  if (!(await isStartProven(evidence, verify, known, current))) return 'requester_not_proven';
  const votes: StoredVote[] = [];
  for (const vote of stored.votes) {
    const proof = await proofOf(verify, current, vote);
    if (proof.proven) votes.push({ ...vote, key: proof.key });
    else if (vote.statement.verdict === 'reject') votes.push(vote);
  }
  const ballot = ballotOf(current, { ...stored, votes });
  return tally(current.plan.approval, ballot) === 'approved' ? undefined : 'quorum_not_met';
}

/** After the deadline for a decision nothing follows it but the preflight. */
const PREFLIGHT_WITHIN_MS = 3_600_000;

async function proofOf(
  verify: Verify,
  current: LoadedRunbook,
  { statement, submission, receivedAt }: StoredVote,
): Promise<Proof> {
  const { by, type } = statement;
  return prove(verify, current, { by, type, submission, receivedAt });
}
