import { z } from 'zod';

import { causesOf, concernsOf, shownOwner, type Concern } from '../../domain/ownership.js';
import type { JournalEntry } from './journal.js';
import { readOutcome } from './rounds.js';
import type { KnownRun, RunEvidence } from './run-evidence.js';
import { read as readSample } from './samples.js';

/** What a person needs who looks into a promotion that did not go through. */
export interface Triage {
  /** Holding gates of the last answers, with the system's reason codes and ours. */
  readonly holding: readonly { readonly gate: string; readonly reasonCodes: readonly string[] }[];
  /** The system's own recommendations, as it gave them. */
  readonly recommendations: readonly string[];
  /** What remediation did, in order. */
  readonly repairs: readonly string[];
  /** Each code of what holds or is not proven, with those that it belongs to. */
  readonly concerns: readonly Concern[];
  /** All that the runbook names. */
  readonly owners: readonly string[];
  readonly relatedRunbooks: readonly string[];
}

const answered = z.object({ round: z.string() });
const sampled = z.object({ samples: z.array(z.object({ to: z.int() })).min(1) });
const unproven = z.object({ unverified: z.array(z.string()) });
const repaired = z.object({ repair: z.string(), code: z.string() });

/** Triage of a run, from its stored answers and journal. */
export async function triageOf(
  evidence: RunEvidence,
  { folder, loaded }: KnownRun,
  entries: readonly JournalEntry[],
): Promise<Triage> {
  const { ownership } = loaded.plan;
  const results = await lastAnswers(
    evidence,
    folder,
    loaded.plan.gates.map(({ id }) => id),
    entries,
  );
  const holding = results.filter(({ verdict }) => verdict === 'hold');
  return {
    holding: holding.map(({ gate, reasonCodes }) => ({ gate, reasonCodes })),
    recommendations: [...new Set(holding.flatMap(({ recommendations }) => recommendations))],
    repairs: entries.flatMap(({ kind, body }) => {
      const done = repaired.safeParse(body);
      return kind === 'repaired' && done.success ? [`${done.data.repair}: ${done.data.code}`] : [];
    }),
    concerns: concernsOf(ownership, causesOf(holding, unverifiedIn(entries))),
    owners: ownership.owners.map(shownOwner),
    relatedRunbooks: ownership.relatedRunbooks.map(({ path }) => path),
  };
}

/** What the last attempt to roll back left unproven; a later one proves it anew. */
function unverifiedIn(entries: readonly JournalEntry[]): readonly string[] {
  const last = entries.findLast(({ kind }) => ['rollback-tried', 'rollback-confirmed'].includes(kind));
  const left = unproven.safeParse(last?.body);
  return left.success ? left.data.unverified : [];
}

type Answer = {
  gate: string;
  verdict: string;
  reasonCodes: readonly string[];
  recommendations: readonly string[];
};

async function lastAnswers(
  evidence: RunEvidence,
  folder: string,
  gates: readonly string[],
  entries: readonly JournalEntry[],
): Promise<readonly Answer[]> {
  const last = entries.findLast(({ kind }) => ['round-closed', 'preflight-closed', 'sampled'].includes(kind));
  const samples = sampled.safeParse(last?.body);
  if (samples.success) {
    const sample = await readSample(evidence, folder, samples.data.samples.at(-1)?.to ?? 0);
    return sample?.results ?? [];
  }
  const round = answered.safeParse(last?.body);
  if (!round.success) return [];
  const outcomes = await Promise.all(
    gates.map((gate) => readOutcome(evidence, folder, round.data.round, gate)),
  );
  return outcomes.filter((outcome) => outcome !== undefined);
}
