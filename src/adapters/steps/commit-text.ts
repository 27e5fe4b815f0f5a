import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { EvidenceError } from '../evidence/evidence-error.js';
import type { GitPlace } from '../../contracts/git-place.js';
import type { KnownRun, RunEvidence } from '../evidence/run-evidence.js';
import type { CommitText } from '../git/objects.js';
import { styleOf } from './git-place.js';

/** Everything in it comes from the run, so that a repeated step makes the same commit. */
export function promotionText({ record }: KnownRun, place: GitPlace): CommitText {
  const { commit, target } = record;
  return textOf(place, record.openedAt, `Promote ${commit.slice(0, 12)} (${target})`, [], trailersOf(record));
}

/** What a revert says of itself: people read it, and nothing is ever proven by it. */
export async function revertText(
  evidence: RunEvidence,
  { record, folder }: KnownRun,
  place: GitPlace,
  undone: {
    readonly promotedTip: string;
    readonly formerTip: string | undefined;
    /** Of the whole step. */
    readonly deadlineMs: number;
  },
): Promise<CommitText> {
  const { target } = record;
  const { promotedTip, formerTip, deadlineMs } = undone;
  const trigger = await recordedTrigger(evidence, folder, deadlineMs);
  const body =
    formerTip === undefined
      ? `This reverts commit ${promotedTip}.`
      : `Gives back what the branch was at ${formerTip}; what others changed since stays.`;
  return textOf(
    place,
    record.openedAt,
    `Revert the promotion of ${record.commit.slice(0, 12)} (${target})`,
    [body],
    [
      ...trailersOf(record),
      `Promotion-Trigger: ${trigger ?? 'not recorded yet'}`,
      `Reverts-Commit: ${promotedTip}`,
    ],
  );
}

function trailersOf({ target, run, commit }: KnownRun['record']): readonly string[] {
  return [`Promotion-Target: ${target}`, `Promotion-Run: ${run}`, `Promotion-Commit: ${commit}`];
}

function textOf(
  place: GitPlace,
  at: string,
  subject: string,
  paragraphs: readonly string[],
  trailers: readonly string[],
): CommitText {
  const message = [subject, ...paragraphs, trailers.join('\n')].join('\n\n');
  return { ...styleOf(place), message: `${message}\n`, at };
}

const rollbackBegun = z.object({
  kind: z.literal('rollback-begun'),
  body: z.object({ trigger: z.string().regex(/^[a-z_]{1,64}$/) }),
});

/** It comes among the last entries: every step that was tried before adds one. */
const ENTRIES_LOOKED_AT = 64;
/** The record is on its way, if it can be written at all. A revert waits for it no longer than this share of its time. */
const OWED_FOR = { share: 0.1, mostMs: 1_000 };
const LOOK_EVERY_MS = 100;

/**
 * Why this rollback was declared, by the run's journal: no caller is believed. A rollback goes first and owes its record,
 * so it may not be there yet, and never blocks the revert.
 */
async function recordedTrigger(
  evidence: RunEvidence,
  folder: string,
  deadlineMs: number,
): Promise<string | undefined> {
  const limitMs = Math.min(deadlineMs * OWED_FOR.share, OWED_FOR.mostMs);
  try {
    for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
      const entries = await evidence.store.list(folder, 'journal/');
      for (const path of entries.slice(-ENTRIES_LOOKED_AT).toReversed()) {
        const entry = rollbackBegun.safeParse(await evidence.readJson(folder, path, z.unknown()));
        if (entry.success) return entry.data.body.trigger;
      }
      if (entries.length === 0 || waitedMs >= limitMs) return undefined;
      await sleep(LOOK_EVERY_MS);
    }
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    return undefined;
  }
}
