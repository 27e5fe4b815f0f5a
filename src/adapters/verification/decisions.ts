import type { Policy } from '../../contracts/policy.js';
import { policySchema } from '../../contracts/policy.js';
import { subjectSchema, type RunRecord, type Subject } from '../../contracts/run-record.js';
import { DECISION_RECEIPT, receiptSchema } from '../../contracts/statement-receipt.js';
import { tally, voteOf, type Ballot } from '../../domain/approval.js';
import type { ApprovalPolicy } from '../../domain/plan.js';
import { isSignedNow, type Namespace, type SignatureRefusal } from '../../domain/signing.js';
import {
  parseControl,
  parseDecision,
  parseStart,
  type DecisionStatement,
  type Submission,
} from '../../domain/statement.js';
import type { Finding, FindingCode } from '../../domain/verification.js';
import { voterGroups } from '../../domain/voters.js';
import { digest } from '../canonical.js';
import { subjectDigest } from '../evidence/ballots.js';
import { edgesOf, parseAllowedSigners } from '../signatures/allowed-signers.js';
import type { Verify } from '../signatures/verify.js';
import { finding, readForm } from './findings.js';
import type { CheckedEntry } from './journal.js';
import type { SealedFolder } from './manifest.js';
import type { RunFiles } from './run-files.js';

/** Who may sign, from the verifier and never from the folder. */
export interface TrustedSigners {
  readonly allowedSigners: Uint8Array;
  readonly revoked: Uint8Array | undefined;
}

/** Said by somebody, and what vouches for it. */
interface Said {
  readonly where: string;
  readonly by: string;
  readonly type: Namespace;
  readonly submission: Submission;
  /** ms since the epoch */
  readonly receivedAt: number;
  readonly identity: 'asserted' | 'signed';
}

/** Who asked, decided and ordered, on exactly what, and whether that was a quorum where the run promoted. */
export async function checkDecisions(
  files: RunFiles,
  { record, manifest }: SealedFolder,
  entries: readonly CheckedEntry[],
  signers: TrustedSigners | undefined,
  verify: Verify,
): Promise<readonly Finding[]> {
  if (record === undefined) return [];
  const policy = await readForm(files, 'policy.json', policySchema);
  const policyBytes = await files.read('policy.json');
  if (
    policy === undefined ||
    policyBytes === undefined ||
    digest('promotion-policy/v1', policyBytes) !== record.policy
  )
    return [finding('subject_evidence_mismatch', 'policy.json', 'not the policy that the run is bound to')];
  const checker = new Checker(files, record, policy, signers, verify);
  await checker.start();
  const orders = entries.filter(({ kind }) => kind === 'order-accepted');
  for (const entry of orders) await checker.order(entry);
  const epochs = [...new Set(files.entries.map(({ path }) => /^approval-(\d+)\//.exec(path)?.[1]))];
  const numbers = epochs
    .flatMap((epoch) => (epoch === undefined ? [] : [Number(epoch)]))
    .sort((a, b) => a - b);
  for (const epoch of numbers) await checker.epoch(epoch, entries);
  const started = entries.some(({ kind }) => kind === 'step-started');
  if (started || manifest.end.startsWith('promoted')) checker.quorum(numbers.at(-1));
  return checker.findings;
}

class Checker {
  readonly findings: Finding[] = [];
  readonly #keys: { by: string; key: string }[] = [];
  readonly #ballots = new Map<number, Ballot>();
  readonly #files: RunFiles;
  readonly #record: RunRecord;
  readonly #policy: Policy;
  readonly #signers: TrustedSigners | undefined;
  readonly #verify: Verify;

  constructor(
    files: RunFiles,
    record: RunRecord,
    policy: Policy,
    signers: TrustedSigners | undefined,
    verify: Verify,
  ) {
    this.#files = files;
    this.#record = record;
    this.#policy = policy;
    this.#signers = signers;
    this.#verify = verify;
  }

  async start(): Promise<void> {
    const { deployment, target, commit, requester, reason, runbook, previous } = this.#record;
    const kept = await this.#kept('start');
    if (kept === undefined) {
      if (this.#policy.protected)
        this.#find('decision_signature_invalid', 'start.json', 'nobody stated the start');
      return;
    }
    const said = parsed(() => parseStart(kept.submission));
    const own =
      said?.deployment === deployment &&
      said.target === target &&
      said.commit === commit &&
      said.by === requester &&
      said.reason === reason &&
      said.runbook === runbook &&
      said.previous === (previous?.manifest ?? null);
    if (said === undefined || !own)
      this.#find('decision_replayed', 'start.statement.json', 'it asks for something else');
    else await this.#proven({ ...kept, where: 'start.sig', by: said.by, type: said.type });
  }

  async order({ seq, body, at }: CheckedEntry): Promise<void> {
    const { statement, signature, identity, by, action } = body;
    const where = `journal.jsonl:${seq}`;
    if (typeof statement !== 'string' || typeof signature !== 'string') {
      if (identity === 'signed' || this.#policy.protected)
        this.#find('decision_signature_invalid', where, 'an order without its signature');
      return;
    }
    const submission = { statement, signature };
    const said = parsed(() => parseControl(submission));
    const { run, target, deployment } = this.#record;
    if (said?.run !== run || said.target !== target || said.deployment !== deployment) {
      this.#find('decision_replayed', where, 'an order of another run');
      return;
    }
    if (said.by !== by || said.action !== action) {
      this.#find('decision_replayed', where, 'it orders something else than is told');
      return;
    }
    // The workflow's time: within the same 5 minutes as the worker's receipt, which an order has none of.
    const receivedAt = Date.parse(at);
    await this.#proven({ where, by: said.by, type: said.type, submission, receivedAt, identity: 'signed' });
  }

  async epoch(epoch: number, entries: readonly CheckedEntry[]): Promise<void> {
    const path = `approval-${epoch}/subject.json`;
    const subject = await readForm(this.#files, path, subjectSchema);
    const bases = this.#files.entries
      .flatMap(({ path: file }) => DECISION_RECEIPT.exec(file)?.[1] ?? [])
      .filter((base) => base.startsWith(`approval-${epoch}/`));
    if (subject === undefined) {
      if (bases.length > 0)
        this.#find('subject_evidence_mismatch', path, 'decisions, and nothing that they are on');
      return;
    }
    this.#subject(path, epoch, subject, entries);
    const votes = [];
    for (const base of bases) {
      const statement = await this.#decision(base, subject);
      // An approval that nobody had recorded before it promoted approved nothing.
      const counts = statement?.verdict !== 'approve' || isRecorded(entries, `${base}.json`);
      if (statement !== undefined && counts) votes.push(statement);
    }
    this.#ballots.set(epoch, this.#ballot(subject, votes));
  }

  quorum(epoch: number | undefined): void {
    const ballot = epoch === undefined ? undefined : this.#ballots.get(epoch);
    const outcome = ballot === undefined ? 'open' : tally(this.#approval(), ballot);
    if (outcome !== 'approved')
      this.#find(
        'quorum_not_met',
        `approval-${epoch ?? 0}`,
        `it promoted, and its decisions come to ${outcome}`,
      );
  }

  #subject(path: string, epoch: number, subject: Subject, entries: readonly CheckedEntry[]): void {
    const record = this.#record;
    const frozen = entries[subject.evidence.seq - 1];
    if (frozen?.digest !== subject.evidence.digest)
      this.#find('subject_evidence_mismatch', path, 'its evidence is no entry of the journal');
    const asked = entries.find(({ kind, body }) => kind === 'approval-requested' && body['epoch'] === epoch);
    const round = entries.findLast(({ kind, seq }) => kind === 'round-closed' && seq < (asked?.seq ?? 0));
    if (asked !== undefined && asked.body['subject'] !== subjectDigest(subject))
      this.#find('subject_evidence_mismatch', path, 'people were asked about another subject');
    if (round !== undefined && subject.evidence.seq < round.seq)
      this.#find('subject_evidence_mismatch', path, 'its evidence is older than the last round');
    const same =
      subject.run === record.run &&
      subject.target === record.target &&
      subject.deployment === record.deployment &&
      subject.commit === record.commit &&
      subject.runbook === record.runbook &&
      subject.policy === record.policy &&
      subject.requester === record.requester &&
      subject.required === this.#policy.required &&
      subject.previous === (record.previous?.manifest ?? null);
    if (!same)
      this.#find('subject_evidence_mismatch', path, 'it is of something else than run.json and policy.json');
  }

  /** The decision where it counts. */
  async #decision(base: string, subject: Subject): Promise<DecisionStatement | undefined> {
    const where = `${base}.statement.json`;
    const kept = await this.#kept(base);
    const said = kept === undefined ? undefined : parsed(() => parseDecision(kept.submission));
    if (kept === undefined || said === undefined) {
      this.#find('decision_signature_invalid', where, 'not the statement that its receipt is of');
      return undefined;
    }
    const { run, target, deployment } = this.#record;
    if (
      said.run !== run ||
      said.target !== target ||
      said.deployment !== deployment ||
      said.request !== subject.request
    ) {
      this.#find('decision_replayed', where, 'a decision on another request');
      return undefined;
    }
    if (said.subject !== subjectDigest(subject)) {
      this.#find('decision_subject_mismatch', where, 'a decision on another subject');
      return undefined;
    }
    if (kept.receivedAt >= Date.parse(subject.expires) || !isSignedNow(said.at, kept.receivedAt)) {
      this.#find(
        'decision_after_deadline',
        where,
        'received after the deadline, or long after it was signed',
      );
      return undefined;
    }
    if (!this.#policy.approvers.includes(said.by)) {
      this.#find('approver_not_allowed_at_time', where, `${said.by} is no approver`);
      return undefined;
    }
    const proven = await this.#proven({ ...kept, where: `${base}.sig`, by: said.by, type: said.type });
    return proven ? said : undefined;
  }

  async #proven({ where, by, type, submission, receivedAt, identity }: Said): Promise<boolean> {
    if (submission.signature === null) {
      if (!this.#policy.protected && identity === 'asserted') return true;
      this.#find('decision_signature_invalid', where, 'it is not signed');
      return false;
    }
    // Nothing was claimed: a signature that nobody could check then proves nothing now.
    if (identity === 'asserted' && !this.#policy.protected) return true;
    if (this.#signers === undefined) {
      this.#find('approver_not_allowed_at_time', where, 'no allowed_signers was given to verify it by');
      return false;
    }
    const { allowedSigners, revoked } = this.#signers;
    const verified = await this.#verify(
      { allowedSigners, revoked, requireUserVerification: this.#policy.userVerification },
      {
        by,
        namespace: type,
        statement: submission.statement,
        signature: submission.signature,
        at: receivedAt,
      },
    );
    if (verified.valid) {
      this.#keys.push({ by, key: verified.fingerprint });
      return true;
    }
    this.#find(
      CODES[verified.refusal] ?? 'decision_signature_invalid',
      where,
      `${by}: ${verified.refusal} ${verified.detail}`,
    );
    return false;
  }

  #ballot(subject: Subject, said: readonly DecisionStatement[]): Ballot {
    const listed =
      this.#signers === undefined ? [] : edgesOf(parseAllowedSigners(this.#signers.allowedSigners));
    const used = this.#keys.map(({ by, key }) => ({ principal: by, fingerprint: key }));
    const voterOf = voterGroups([...listed, ...used]);
    const requester = voterOf(subject.requester);
    for (const { by, verdict } of said)
      if (verdict === 'approve' && voterOf(by) === requester && !this.#policy.selfApproval)
        this.#find(
          'requester_voted',
          `approval of ${by}`,
          `${by} is the requester, or shares a key with them`,
        );
    return {
      subject: subjectDigest(subject),
      requester,
      expiresAt: Date.parse(subject.expires),
      votes: said.map((statement) => voteOf(statement, voterOf(statement.by))),
    };
  }

  #approval(): ApprovalPolicy {
    const { required, approvers, selfApproval } = this.#policy;
    return { required, approvers, selfApproval, expiresMs: 0 };
  }

  async #kept(base: string): Promise<Omit<Said, 'where' | 'by' | 'type'> | undefined> {
    const receipt = await readForm(this.#files, `${base}.json`, receiptSchema);
    const statement = await this.#files.read(`${base}.statement.json`);
    const signature = receipt?.signature === null ? null : await this.#files.read(`${base}.sig`);
    if (receipt === undefined || statement === undefined || signature === undefined) return undefined;
    return {
      submission: {
        statement: Buffer.from(statement).toString('utf8'),
        signature: signature === null ? null : Buffer.from(signature).toString('utf8'),
      },
      receivedAt: Date.parse(receipt.receivedAt),
      identity: receipt.identity,
    };
  }

  #find(code: FindingCode, where: string, detail: string): void {
    this.findings.push(finding(code, where, detail));
  }
}

const CODES: Readonly<Partial<Record<SignatureRefusal, FindingCode>>> = {
  key_revoked: 'approver_key_revoked',
  key_unlisted: 'approver_not_allowed_at_time',
  key_of_another_name: 'approver_not_allowed_at_time',
  key_other_namespace: 'approver_not_allowed_at_time',
  key_not_yet_valid: 'approver_not_allowed_at_time',
  key_expired: 'approver_not_allowed_at_time',
};

function isRecorded(entries: readonly CheckedEntry[], file: string): boolean {
  const recorded = entries.findIndex(
    ({ kind, body }) => kind === 'decision-accepted' && body['file'] === file,
  );
  const started = entries.findIndex(({ kind }) => kind === 'step-started');
  return recorded !== -1 && (started === -1 || recorded < started);
}

function parsed<Statement>(parse: () => Statement): Statement | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
