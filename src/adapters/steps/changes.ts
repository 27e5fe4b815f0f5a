import { z } from 'zod';

import { CHANGES_LIMITS } from '../../contracts/changes.js';
import type { Changes } from '../../domain/changes.js';
import type { GitPlace } from '../../contracts/git-place.js';
import type { Json } from '../../domain/canonical-json.js';
import { canonicalJson } from '../../domain/canonical-json.js';
import { changedPaths, type ChangedPath } from '../../domain/changed-paths.js';
import { beside, shortLine, visibleJson } from '../../domain/text.js';
import { digest } from '../canonical.js';
import { startDeadline } from '../deadline.js';
import { EvidenceError } from '../evidence/evidence-error.js';
import { lastPromotion, type LastPromotion } from '../evidence/past-runs.js';
import type { KnownRun, RunEvidence } from '../evidence/run-evidence.js';
import { GitError } from '../git/error.js';
import type { Outlook } from '../git/outlook.js';
import { oneLine } from '../one-line.js';
import { remoteAt } from './git-place.js';
import type { GitTools } from './git-steps.js';

export interface ChangesTools extends GitTools {
  /** Removes every secret that this worker knows from a text. */
  readonly redact: (text: string) => string;
}

/** For all of git together: those who decide are not kept waiting for longer by what they can do without. */
const GIT_DEADLINE_MS = 120_000;

/**
 * What is different from the target's last promotion: commits, by the repository, and the runbook, by the evidence. What git
 * can't tell is said in its place.
 *
 * @throws EvidenceError where the evidence of earlier runs can't be read
 * @throws GitError `cancelled` where `signal` is aborted
 */
export async function changesSince(
  tools: ChangesTools,
  known: KnownRun,
  signal: AbortSignal,
): Promise<Changes> {
  const last = await lastPromotion(tools.evidence, known);
  const commits = await commitsSince(tools, known, last, signal);
  const runbook = await runbookSince(tools, known, last);
  const since =
    last === undefined
      ? null
      : { run: last.record.run, commit: last.record.commit, promotedAt: last.promotedAt };
  return fitted({ v: 1, since, ...commits, runbook });
}

type Commits = Pick<Changes, 'base' | 'commits' | 'moreCommits' | 'leftOut' | 'commitsProblem'>;

async function commitsSince(
  tools: ChangesTools,
  known: KnownRun,
  last: LastPromotion | undefined,
  signal: AbortSignal,
): Promise<Commits> {
  const place = placeOf(known);
  if (place === undefined) return untold('the runbook names no repository');
  if (last === undefined && !place.promotes)
    return untold('no earlier promotion is known, and the runbook does not promote by git');
  const deadline = startDeadline(GIT_DEADLINE_MS, signal);
  try {
    const remote = remoteAt(place.git, tools.secretsOf(known.loaded));
    const request = {
      commit: known.record.commit,
      base: last?.record.commit,
      orBranch: place.promotes,
      named: CHANGES_LIMITS.commits,
      counted: CHANGES_LIMITS.countedCommits,
    };
    return told(await tools.git.outlook(remote, request, deadline.signal), tools.redact);
  } catch (error) {
    if (!(error instanceof GitError) || signal.aborted) throw error;
    return untold(line(`${error.code}: ${error.message}`, tools.redact, CHANGES_LIMITS.problemChars));
  } finally {
    deadline.clear();
  }
}

/** Where the commits are asked about: where the runbook promotes to by git, else where its rollback reverts. */
function placeOf({ loaded }: KnownRun): { readonly git: GitPlace; readonly promotes: boolean } | undefined {
  const { promotion, rollback } = loaded.runbook;
  for (const { git } of promotion.steps) if (git !== undefined) return { git, promotes: true };
  for (const { gitRevert } of rollback.steps)
    if (gitRevert?.git !== undefined) return { git: gitRevert.git, promotes: false };
  return undefined;
}

function told({ base, commits, count, leftOut }: Outlook, redact: ChangesTools['redact']): Commits {
  return {
    base: { kind: base.kind === 'given' ? 'promotion' : 'branch', commit: base.commit },
    commits: commits.map(({ hash, subject }) => ({
      hash,
      subject: line(subject, redact, CHANGES_LIMITS.subjectChars),
    })),
    moreCommits: count - commits.length,
    leftOut,
    commitsProblem: null,
  };
}

function untold(commitsProblem: string): Commits {
  return { base: null, commits: [], moreCommits: 0, leftOut: 0, commitsProblem };
}

/** Flat, then without secrets, and only then cut. */
function line(text: string, redact: ChangesTools['redact'], maxChars: number): string {
  const flat = oneLine(text, (whole) => ({ text: redact(whole) }), Number.POSITIVE_INFINITY);
  return shortLine(flat, maxChars);
}

async function runbookSince(
  { evidence, redact }: ChangesTools,
  { loaded }: KnownRun,
  last: LastPromotion | undefined,
): Promise<Changes['runbook']> {
  if (last === undefined) return { was: null, paths: [], morePaths: 0 };
  const was = await runbookOf(evidence, last);
  const changed = changedPaths(was, parsed(loaded.bytes));
  const paths = changed.slice(0, CHANGES_LIMITS.paths).map((each) => shown(each, redact));
  return { was: last.record.runbook, paths, morePaths: changed.length - paths.length };
}

/** As it was approved; what this version of promote makes of it does not matter. */
async function runbookOf(evidence: RunEvidence, { folder, record }: LastPromotion): Promise<Json> {
  const bytes = await evidence.store.get(folder, 'runbook.json');
  if (bytes !== undefined && digest('promotion-runbook/v1', bytes) === record.runbook) return parsed(bytes);
  throw new EvidenceError(
    'conflict',
    `${evidence.store.locate(folder)}: runbook.json is not the run's runbook`,
  );
}

/** Our own canonical bytes, checked by their digest. */
const json = z.custom<Json>((value) => value !== undefined);

function parsed(bytes: Uint8Array): Json {
  return json.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
}

function shown(
  { path, before, after }: ChangedPath,
  redact: ChangesTools['redact'],
): Changes['runbook']['paths'][number] {
  const text = (value: Json | undefined): string =>
    value === undefined ? '' : redact(visibleJson(canonicalJson(value)));
  const values = beside(text(before), text(after), CHANGES_LIMITS.valueChars);
  return {
    path: shortLine(redact(path), CHANGES_LIMITS.pathChars),
    before: before === undefined ? null : values.before,
    after: after === undefined ? null : values.after,
  };
}

/** The longer list gives its last ones away, which stay counted. */
function fitted(changes: Changes): Changes {
  let { commits, moreCommits } = changes;
  let { paths, morePaths } = changes.runbook;
  for (;;) {
    const fits = { ...changes, commits, moreCommits, runbook: { ...changes.runbook, paths, morePaths } };
    if (bytesOf(fits) <= CHANGES_LIMITS.bytes) return fits;
    if (bytesOf(commits) > bytesOf(paths)) {
      commits = commits.slice(0, -1);
      moreCommits += 1;
    } else {
      paths = paths.slice(0, -1);
      morePaths += 1;
    }
  }
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
