import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';
import { z } from 'zod';

import { canonicalBytes, digest } from '../../src/adapters/canonical.js';
import type { OpenBallot } from '../../src/domain/approval.js';
import type { Stage } from '../support/stage.js';

/** What a run's evidence says of its votes, read as anybody could read it, not by the code that wrote it. */

const subjectSchema = z.looseObject({
  request: z.string(),
  requester: z.string(),
  required: z.int(),
  expires: z.string(),
});
const decisionSchema = z.object({
  by: z.string(),
  run: z.string(),
  subject: z.string(),
  request: z.string(),
  verdict: z.enum(['approve', 'reject']),
});
const receiptSchema = z.object({ receivedAt: z.string() });
const entrySchema = z.object({ kind: z.string(), body: z.looseObject({}) });
const acceptedSchema = z.object({ by: z.string(), verdict: z.string(), subject: z.string() });

export type Entry = z.infer<typeof entrySchema>;

export async function journalOf(
  { config }: Pick<Stage, 'config'>,
  evidence: string,
): Promise<readonly Entry[]> {
  const text = await readFile(join(config.evidenceDir, evidence, 'journal.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => entrySchema.parse(JSON.parse(line)));
}

/** Decisions that were taken, in their order. */
export function acceptedIn(journal: readonly Entry[]): readonly z.infer<typeof acceptedSchema>[] {
  return journal
    .filter(({ kind }) => kind === 'decision-accepted')
    .map(({ body }) => acceptedSchema.parse(body));
}

/** Approval requests as they were asked, from the first on, before anybody voted. */
export async function askedIn(
  { config }: Pick<Stage, 'config'>,
  evidence: string,
): Promise<readonly OpenBallot[]> {
  const ballots: OpenBallot[] = [];
  for (let epoch = 1; ; epoch += 1) {
    const path = join(config.evidenceDir, evidence, `approval-${epoch}`, 'subject.json');
    if (!existsSync(path)) return ballots;
    const text = await readFile(path, 'utf8');
    const raw: unknown = JSON.parse(text);
    const { request, requester, expires } = subjectSchema.parse(raw);
    ballots.push({
      subject: digest('promotion-subject/v1', canonicalBytes(raw)),
      request,
      requester,
      expiresAt: Date.parse(expires),
      votes: [],
      epoch,
      text,
    });
  }
}

/**
 * The promotion step ran, exactly where the journal says that it began, and only with as many different approvers as the
 * subject of the newest request asks for, of exactly its digest, received in time, none of them the requester and nobody
 * against it: in the stored decisions, and in the journal before the step.
 */
export async function expectQuorum(
  stage: Pick<Stage, 'config'>,
  evidence: string,
  { approvers, promoted }: { readonly approvers: readonly string[]; readonly promoted: string },
): Promise<void> {
  const journal = await journalOf(stage, evidence);
  const started = journal.findIndex(({ kind }) => kind === 'step-started');
  const ballot = (await askedIn(stage, evidence)).at(-1);
  if (!existsSync(promoted)) {
    expect(journal.map(({ kind }) => kind)).not.toContain('step-promoted');
    return;
  }
  expect(started).toBeGreaterThan(0);
  if (ballot === undefined) throw new Error('promoted, and nobody was asked');
  const folder = join(stage.config.evidenceDir, evidence, `approval-${ballot.epoch}`);
  const { required } = subjectSchema.parse(JSON.parse(ballot.text));
  const stored = (await readdir(folder)).filter((name) => /^decision-[0-9a-f]{16}\.json$/.test(name));
  const approving = new Set<string>();
  for (const name of stored) {
    const base = join(folder, name.slice(0, -'.json'.length));
    const decision = decisionSchema.parse(JSON.parse(await readFile(`${base}.statement.json`, 'utf8')));
    const { receivedAt } = receiptSchema.parse(JSON.parse(await readFile(`${base}.json`, 'utf8')));
    expect(decision).toMatchObject({ subject: ballot.subject, request: ballot.request, verdict: 'approve' });
    expect(Date.parse(receivedAt)).toBeLessThan(ballot.expiresAt);
    expect(approvers).toContain(decision.by);
    expect(decision.by).not.toBe(ballot.requester);
    approving.add(decision.by);
  }
  expect(approving.size).toBeGreaterThanOrEqual(required);
  const voted = acceptedIn(journal.slice(0, started)).filter(({ subject }) => subject === ballot.subject);
  expect(new Set(voted.map(({ by }) => by)).size).toBeGreaterThanOrEqual(required);
  expect(voted.every(({ verdict }) => verdict === 'approve')).toBe(true);
}
