import { randomBytes } from 'node:crypto';

import { InputError } from '../contracts/input-error.js';
import { commitHash, identity, targetName } from '../contracts/names.js';
import type { TargetHead } from '../contracts/manifest.js';
import type { RunRecord } from '../contracts/run-record.js';
import type { Command } from '../contracts/runbook-question.js';
import type { Plan } from '../domain/plan.js';
import { refuseRequester } from '../domain/policy.js';
import type { Identity } from '../domain/signing.js';
import { MalformedStatement, type Submission } from '../domain/statement.js';
import { parseOverride, type ExpectationOverride } from '../domain/override.js';
import {
  leftRolledBack,
  leftUnsealed,
  rolledBackWith,
  unsettled,
  type PastRun,
} from '../domain/past-runs.js';
import { pastRuns } from './evidence/past-runs.js';
import { headOf } from './evidence/heads.js';
import { folderName } from './evidence/run-evidence.js';
import { proveStart, startProblem } from './evidence/start.js';
import { GitError } from './git/error.js';
import { createRedactor, RedactionError } from './redaction.js';
import type { LoadedRunbook } from './runbook/load.js';
import { withOverrides } from './runbook/overrides.js';
import { SignatureError } from './signatures/error.js';
import type { PolicyFinding } from './signatures/finding.js';
import { policyLines } from './signatures/policy-lines.js';
import type { Verify } from './signatures/verify.js';
import { remoteAt } from './steps/git-place.js';
import type { GitTools } from './steps/git-steps.js';
import { bringBack } from './steps/by-hand.js';
import type { Notifier } from './notifications/notifier.js';
import { ownCommits } from './steps/own-commits.js';
import { commandProblem } from './steps/requirements.js';

export interface AdmissionRequest {
  readonly target: string;
  readonly commit: string;
  readonly requester: string;
  readonly reason: string;
  /** "starting the *same commit* again" after a rollback needs this, and a reason. */
  readonly again: boolean;
  /** Expectations that differ from the runbook's. From outside: nothing is taken that was not looked at here. */
  readonly overrides?: unknown;
  /** What the requester signed, null where nothing was; undefined where it is only asked whether a promotion would be taken. */
  readonly start?: Submission | null | undefined;
}

/** A promotion that may start: its name, its plan, and what it is bound to. Goes into Temporal's history. */
export interface Admitted {
  readonly admitted: true;
  readonly run: string;
  readonly folder: string;
  readonly openedAt: string;
  readonly deployment: string;
  readonly plan: Plan;
  readonly runbook: string;
  readonly policy: string;
  readonly subjectLine: string;
  readonly previous: RunRecord['previous'];
  readonly rolledBack: RunRecord['rolledBack'];
  /** Commands that start again what that rollback stopped. */
  readonly bringBack: readonly string[];
  readonly again: boolean;
  readonly prerequisitesDeadlineMs: number;
  /** Of the requester; left out where it is not known yet. */
  readonly identity?: Identity | undefined;
  /** A round is one activity, and what stands in the evidence by itself is journalled with what follows; left out by earlier versions. */
  readonly joined?: true | undefined;
  /** Who is told, and of what; of everything where no events are named. Left out: nobody. */
  readonly notifiers?: readonly AdmittedNotifier[] | undefined;
}

export type AdmittedNotifier = Pick<Notifier, 'name' | 'events'>;

export type Admission = Admitted | { readonly admitted: false; readonly problems: readonly string[] };

export interface AdmissionTools extends GitTools {
  readonly deployment: string;
  readonly verify: Verify;
  /** What is wrong in the files of keys that the target's runbook names. */
  readonly policyFindings: (loaded: LoadedRunbook, target: string) => Promise<readonly PolicyFinding[]>;
  readonly loadRunbook: (target: string) => Promise<LoadedRunbook>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether a secret stands in a text: those of the runbook too, once `secretsOf` has opened them. */
  readonly holdsSecret: (text: string) => boolean;
  readonly notifiers: readonly AdmittedNotifier[];
}

/**
 * The runbook's prerequisites as far as they can be read: runbook and variables, secrets, commands, commit and branch, and
 * whether anybody could approve. Writes nothing; draws the run's random name. Every problem is one line.
 */
export async function admit(
  tools: AdmissionTools,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<Admission> {
  const malformed = [
    ...problemOf('target', targetName.safeParse(request.target)),
    ...problemOf('commit', commitHash.safeParse(request.commit)),
    ...problemOf('requester', identity.safeParse(request.requester)),
  ];
  if (malformed.length > 0) return { admitted: false, problems: malformed };
  try {
    const loaded = withOverrides(
      await tools.loadRunbook(request.target),
      overridesAsked(request.overrides),
      'of-the-runbook',
    );
    const past = await pastRuns(tools.evidence, request.target);
    const remembered = memoryProblems(past, request);
    if (remembered.length > 0) return { admitted: false, problems: remembered };
    const { subjectLine, problems } = await inspect(tools, loaded, request, signal);
    const faults = await tools.policyFindings(loaded, request.target);
    problems.push(...policyLines(faults.filter(({ severity }) => severity === 'error')));
    if (problems.length > 0) return { admitted: false, problems };
    const latest = await headOf(tools.evidence, request.target);
    const asked = await requesterOf(tools, loaded, request, latest?.manifest ?? null);
    if (typeof asked === 'string') return { admitted: false, problems: [asked] };
    return await named(tools, loaded, request, { subjectLine, past, latest, ...asked });
  } catch (error) {
    if (error instanceof InputError) return { admitted: false, problems: error.problems };
    if (error instanceof MalformedStatement)
      return { admitted: false, problems: [`the request to start: ${error.message}`] };
    if (error instanceof SignatureError && !error.retryable)
      return { admitted: false, problems: [`${error.code}: ${error.message}`] };
    throw error;
  }
}

/** Who asks, as far as it is proven; else why the promotion is not started, as one line. */
async function requesterOf(
  { deployment, evidence, verify }: AdmissionTools,
  loaded: LoadedRunbook,
  { target, commit, requester, reason, start }: AdmissionRequest,
  previous: string | null,
): Promise<{ readonly identity: Identity | undefined } | string> {
  if (start === undefined) {
    const role = refuseRequester(loaded.plan.approval, requester);
    return role === undefined ? { identity: undefined } : startProblem(target, requester, role);
  }
  const claim = { deployment, target, commit, requester, reason, previous };
  const proof = await proveStart(evidence, verify, loaded, claim, start, Date.now(), undefined);
  return proof.proven ? { identity: proof.identity } : startProblem(target, requester, proof.refusal);
}

async function inspect(
  tools: AdmissionTools,
  loaded: LoadedRunbook,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<{ subjectLine: string; problems: string[] }> {
  const problems = [
    ...approvalProblems(loaded, request.requester),
    ...secretProblems(tools, loaded),
    ...spelledOut(tools, loaded, request),
  ];
  for (const command of commandsOf(loaded)) {
    const problem = await commandProblem(command, tools.environment);
    if (problem !== undefined && !problems.includes(problem)) problems.push(problem);
  }
  let subjectLine = '';
  for (const step of loaded.runbook.promotion.steps) {
    if (step.git === undefined) continue;
    try {
      const remote = remoteAt(step.git, tools.secretsOf(loaded));
      const { subject } = await tools.git.resolveCommit(remote, request.commit, signal);
      subjectLine ||= subject;
      await tools.git.planPromotion(
        remote,
        request.commit,
        await ownCommits(tools.evidence, request.target, remote),
        signal,
      );
    } catch (error) {
      if (!(error instanceof GitError) || error.code === 'cancelled') throw error;
      problems.push(`${error.code}: ${error.message}`);
    }
  }
  for (const { id, gitRevert } of loaded.runbook.rollback.steps) {
    if (gitRevert?.git === undefined) continue;
    try {
      const remote = remoteAt(gitRevert.git, tools.secretsOf(loaded));
      const { subject } = await tools.git.resolveCommit(remote, request.commit, signal);
      subjectLine ||= subject;
      if (!loaded.runbook.rollback.promoteUnrollbackable.includes(id))
        await tools.git.planRevert(remote, request.commit, gitRevert.mainline, signal);
    } catch (error) {
      if (!(error instanceof GitError) || error.code === 'cancelled') throw error;
      problems.push(`${error.code}: ${error.message}`);
    }
  }
  return { subjectLine, problems };
}

async function named(
  { deployment, evidence, notifiers }: AdmissionTools,
  loaded: LoadedRunbook,
  { target, again }: AdmissionRequest,
  {
    subjectLine,
    past,
    latest: previous,
    identity,
  }: {
    readonly subjectLine: string;
    readonly past: readonly PastRun[];
    readonly latest: TargetHead | undefined;
    readonly identity: Identity | undefined;
  },
): Promise<Admitted> {
  const openedAt = new Date().toISOString();
  const run = `${openedAt.replaceAll(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`;
  const left = leftRolledBack(past);
  return {
    admitted: true,
    run,
    folder: folderName(openedAt, target, run),
    openedAt,
    deployment,
    plan: loaded.plan,
    runbook: loaded.digest,
    policy: loaded.policy,
    subjectLine,
    previous:
      previous === undefined ? null : { run: previous.run, manifest: previous.manifest, end: previous.end },
    rolledBack: left === undefined ? null : { run: left.run, commit: left.commit, end: left.end ?? '' },
    again,
    // For people: a runbook that this version can't read any more is no reason to refuse.
    bringBack: left === undefined ? [] : await evidence.known(left.run).then(bringBack, () => []),
    joined: true,
    ...(notifiers.length === 0 ? {} : { notifiers }),
    prerequisitesDeadlineMs: loaded.runbook.prerequisites.reduce(
      (sum, { deadline }) => sum + deadline,
      1_000,
    ),
    ...(identity === undefined ? {} : { identity }),
  };
}

/** What the target remembers of its runs. It comes from the evidence: Temporal's retention forgets. */
function memoryProblems(
  past: readonly PastRun[],
  { target, commit, again, reason }: AdmissionRequest,
): readonly string[] {
  const open = unsettled(past).map(
    (run) =>
      `${target}: the run ${run.run} of the commit ${run.commit} has begun to promote and nobody has settled it, so the target may be half promoted: see \`promote status ${target}\`; where it was terminated, \`promote reconcile --target ${target}\` rolls it back, and with \`--run ${run.run}\` where you know that it has ended otherwise`,
  );
  if (open.length > 0) return open;
  const left = leftUnsealed(past);
  if (left !== undefined)
    return [
      `${target}: the evidence of the run ${left.run} was never sealed, so no run can follow it: \`promote reconcile --target ${target}\` seals what was terminated; else \`promote evidence seal ${target} --reason TEXT\` does, as somebody's word`,
    ];
  const before = rolledBackWith(past, commit);
  if (before === undefined)
    return again
      ? [`--again: no run of ${target} with the commit ${commit} was rolled back last: leave --again out`]
      : [];
  if (!again)
    return [
      `${target}: the commit ${commit} was rolled back by the run ${before.run} (${before.end ?? ''}): promote a new commit, or this one with --again --reason TEXT`,
    ];
  return reason.trim() === '' ? ['--again needs --reason: say why the same commit is promoted again'] : [];
}

/** At most as many as a runbook has gates. */
const MAX_OVERRIDES = 32;

/** @throws InputError bad_usage for what is none */
function overridesAsked(given: unknown): readonly ExpectationOverride[] {
  if (given === undefined || given === null) return [];
  const overrides = Array.isArray(given) ? given.slice(0, MAX_OVERRIDES + 1).map(parseOverride) : [undefined];
  const known = overrides.filter((override) => override !== undefined);
  if (known.length < overrides.length || known.length > MAX_OVERRIDES)
    throw new InputError('bad_usage', [
      'the overrides of expectations are not of their form: nothing is taken',
    ]);
  return known;
}

function problemOf(
  what: string,
  parsed: { success: boolean; error?: { issues: readonly { message: string }[] } | undefined },
): string[] {
  return parsed.success ? [] : [`${what}: ${parsed.error?.issues[0]?.message ?? 'malformed'}`];
}

function approvalProblems({ plan }: LoadedRunbook, requester: string): string[] {
  const { required, approvers, selfApproval } = plan.approval;
  const eligible = approvers.filter((name) => selfApproval || name !== requester);
  return eligible.length >= required
    ? []
    : [
        `approval: ${required} needed, but without the requester ${requester} only ${eligible.length} may approve: list more approvers`,
      ];
}

/** A secret that is missing was refused by loading; one that can't be kept out of texts is refused here. */
function secretProblems(tools: AdmissionTools, loaded: LoadedRunbook): string[] {
  try {
    createRedactor(tools.secretsOf(loaded));
    return [];
  } catch (error) {
    if (error instanceof RedactionError) return [`secret ${error.message}`];
    throw error;
  }
}

/** Runbook and reason are kept as they are, the one for its digest and the other for its signature: neither is redacted. */
function spelledOut(
  { holdsSecret }: AdmissionTools,
  { bytes }: LoadedRunbook,
  { target, requester, reason, start }: AdmissionRequest,
): string[] {
  const problems: string[] = [];
  if (holdsSecret(Buffer.from(bytes).toString('utf8'))) problems.push(SPELLED_OUT);
  if (holdsSecret(`${reason}\n${start?.statement ?? ''}`))
    problems.push(startProblem(target, requester, 'secret_in_text'));
  return problems;
}

export const SPELLED_OUT =
  'the runbook, as it stands with its variables, spells out a secret that is known here: give it by a variable with `secret: true`';

/** Every command of the runbook, gates and steps alike. */
export function commandsOf({ runbook }: LoadedRunbook): readonly Command[] {
  const askers = [
    ...runbook.prerequisites,
    ...runbook.gates,
    ...runbook.remediation.repairs,
    ...runbook.promotion.steps,
    ...runbook.rollback.steps,
  ];
  return askers.flatMap(({ command }) => (command === undefined ? [] : [command]));
}
