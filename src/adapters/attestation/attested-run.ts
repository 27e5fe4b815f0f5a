import { z } from 'zod';

import type { AttestedDecision, AttestedRun } from '../../contracts/attested-run.js';
import { attestedRunSchema } from '../../contracts/attested-run.js';
import type { Manifest } from '../../contracts/manifest.js';
import { subjectSchema, type RunRecord } from '../../contracts/run-record.js';
import { DECISION_RECEIPT, receiptSchema } from '../../contracts/statement-receipt.js';
import { parseDecision } from '../../domain/statement.js';
import { VERDICTS } from '../../domain/verdict.js';
import { canonicalBytes, digest } from '../canonical.js';

/** A run's files, wherever they are. */
export interface ReadableRun {
  readonly paths: readonly string[];
  readonly read: (path: string) => Promise<Uint8Array | undefined>;
}

/** One entry of the journal. */
export interface ToldEntry {
  readonly at: string;
  readonly kind: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * What is attested of a sealed run, read from its stored bytes alone: whoever verifies comes to the same statements.
 * What is not of its form is left out.
 *
 * @throws ZodError where run, policy or journal are none of ours
 */
export async function attestedRunOf(
  run: ReadableRun,
  record: RunRecord,
  { manifest, sha256 }: { readonly manifest: Manifest; readonly sha256: string },
  entries: readonly ToldEntry[],
): Promise<AttestedRun> {
  const { deployment, target, commit, runbook, policy, openedAt } = record;
  const { previous, journal, end } = manifest;
  return attestedRunSchema.parse({
    deployment,
    target,
    run: record.run,
    commit,
    runbook,
    policy,
    end,
    reason: reasonOf(entries),
    trigger: triggerOf(entries),
    openedAt,
    endedAt: entries.at(-1)?.at ?? openedAt,
    journal,
    manifest: sha256,
    previous,
    requester: await requesterOf(run, record),
    decisions: await decisionsOf(run),
    rollback: rollbackOf(entries, end),
    round: roundOf(entries),
    approval: await approvalOf(run, entries),
  } satisfies Record<keyof AttestedRun, unknown>);
}

const ended = z.object({ reason: z.string() });

function reasonOf(entries: readonly ToldEntry[]): string {
  const last = entries.findLast(({ kind }) => kind === 'run.ended');
  const read = ended.safeParse(last?.body);
  return read.success ? read.data.reason.slice(0, 256) : 'acknowledged';
}

const begun = z.object({ trigger: z.string() });

function triggerOf(entries: readonly ToldEntry[]): string | null {
  const read = begun.safeParse(entries.findLast(({ kind }) => kind === 'rollback-begun')?.body);
  return read.success ? read.data.trigger.slice(0, 256) : null;
}

async function requesterOf(run: ReadableRun, record: RunRecord): Promise<AttestedRun['requester']> {
  const receipt = await readJson(run, 'start.json', receiptSchema);
  const { identity, key } = receipt ?? { identity: 'asserted', key: null };
  return { by: record.requester, identity, key };
}

async function decisionsOf(run: ReadableRun): Promise<readonly AttestedDecision[]> {
  const decisions: AttestedDecision[] = [];
  for (const base of run.paths.flatMap((path) => DECISION_RECEIPT.exec(path)?.[1] ?? [])) {
    const receipt = await readJson(run, `${base}.json`, receiptSchema);
    const bytes = await run.read(`${base}.statement.json`);
    if (receipt === undefined || bytes === undefined) continue;
    const { identity, key, receivedAt } = receipt;
    const said = decisionIn(bytes);
    if (said !== undefined) decisions.push({ ...said, identity, key, receivedAt });
  }
  return decisions;
}

/** What is no decision, whoever put it there, is not attested as one. */
function decisionIn(bytes: Uint8Array): Pick<AttestedDecision, 'by' | 'verdict' | 'subject'> | undefined {
  try {
    const statement = Buffer.from(bytes).toString('utf8');
    const { by, verdict, subject } = parseDecision({ statement, signature: null });
    return { by, verdict, subject };
  } catch {
    return undefined;
  }
}

const tried = z.object({ step: z.string(), verified: z.boolean() });

function rollbackOf(entries: readonly ToldEntry[], end: string): AttestedRun['rollback'] {
  if (!entries.some(({ kind }) => kind === 'rollback-begun')) return null;
  const steps = new Map<string, boolean>();
  for (const { kind, body } of entries) {
    const read = tried.safeParse(body);
    if (kind === 'rollback-step' && read.success) steps.set(read.data.step, read.data.verified);
  }
  return {
    steps: [...steps].map(([step, verified]) => ({ step, verified })),
    verified: end === 'rolled-back',
  };
}

const closed = z.object({
  round: z.string(),
  gates: z.array(z.object({ gate: z.string(), verdict: z.enum(VERDICTS) })).min(1),
});

function roundOf(entries: readonly ToldEntry[]): AttestedRun['round'] {
  const asked = entries.findLastIndex(({ kind }) => kind === 'approval-requested');
  const before = asked === -1 ? entries : entries.slice(0, asked);
  const read = closed.safeParse(before.findLast(({ kind }) => kind === 'round-closed')?.body);
  if (!read.success) return null;
  const { round, gates } = read.data;
  return { name: round, results: gates.map(({ gate, verdict }) => ({ gate, verdict })) };
}

const requested = z.object({ epoch: z.int() });

async function approvalOf(run: ReadableRun, entries: readonly ToldEntry[]): Promise<AttestedRun['approval']> {
  const asked = entries.findLastIndex(({ kind }) => kind === 'approval-requested');
  const approved = entries.slice(asked + 1).find(({ kind }) => kind === 'approved');
  const read = requested.safeParse(entries[asked]?.body);
  if (approved === undefined || !read.success) return null;
  const subject = await readJson(run, `approval-${read.data.epoch}/subject.json`, subjectSchema);
  if (subject === undefined) return null;
  return {
    subject: digest('promotion-subject/v1', canonicalBytes(subject)),
    required: subject.required,
    at: approved.at,
  };
}

async function readJson<Schema extends z.ZodType>(
  run: ReadableRun,
  path: string,
  schema: Schema,
): Promise<z.infer<Schema> | undefined> {
  const bytes = await run.read(path);
  if (bytes === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return undefined;
  }
}
