import { z } from 'zod';

import { letsGoOn } from '../../domain/override.js';
import { VERDICTS } from '../../domain/verdict.js';
import type { Finding } from '../../domain/verification.js';
import {
  addSample,
  beginWatch,
  decideWatch,
  watchRules,
  type Sample,
  type WatchDecision,
} from '../../domain/watch.js';
import { sampleSchema } from '../evidence/samples.js';
import type { LoadedRunbook } from '../runbook/resolve.js';
import { finding, readForm } from './findings.js';
import type { CheckedEntry } from './journal.js';
import type { SealedFolder } from './manifest.js';
import type { RunFiles } from './run-files.js';

const LINES = 'journal.jsonl';

/**
 * What the journal tells follows from the rules: a run promotes after a round and a preflight in which every gate of its
 * runbook lets it go on and people approved in between, and ends as its journal and its watch say.
 */
export async function checkStory(
  files: RunFiles,
  { manifest }: SealedFolder,
  { plan }: LoadedRunbook,
  entries: readonly CheckedEntry[],
): Promise<readonly Finding[]> {
  const story = new Story(entries);
  const problems = [...endProblems(story, manifest.end)];
  const promotes =
    manifest.end.startsWith('promoted') ||
    story.first('step-started') !== undefined ||
    files.entries.some(({ path }) => path.startsWith('promotion/'));
  if (promotes) problems.push(...promotionProblems(story, plan));
  if (manifest.end.startsWith('promoted')) {
    const done = new Set(story.bodies('step-promoted', stepSchema).map(({ step }) => step));
    for (const { id } of plan.promotion) if (!done.has(id)) problems.push(`${id} was never promoted`);
  }
  if ([manifest.end, story.end].includes('promoted'))
    problems.push(...(await watchProblems(files, story, plan)));
  return problems.map((problem) => finding('verdict_differs', LINES, problem));
}

type Plan = LoadedRunbook['plan'];

const stepSchema = z.looseObject({ step: z.string(), promotedAt: z.number().optional() });
const endedSchema = z.looseObject({ end: z.string() });
const orderSchema = z.looseObject({ action: z.literal('acknowledge') });
const closedSchema = z.looseObject({
  gates: z.array(z.looseObject({ gate: z.string(), verdict: z.enum(VERDICTS) })),
  notRollbackable: z.array(z.string()).default([]),
});

class Story {
  readonly #entries: readonly CheckedEntry[];

  constructor(entries: readonly CheckedEntry[]) {
    this.#entries = entries;
  }

  /** As it told it itself. */
  get end(): string | undefined {
    return this.bodies('run.ended', endedSchema).at(-1)?.end;
  }

  /** Somebody said by name, after it had ended, that it stays so. */
  get isAcknowledged(): boolean {
    const ended = this.last('run.ended')?.seq ?? 0;
    const last = this.last('order-accepted');
    return last !== undefined && last.seq > ended && orderSchema.safeParse(last.body).success;
  }

  /** Its number. */
  first(kind: string): number | undefined {
    return this.#entries.find((entry) => entry.kind === kind)?.seq;
  }

  /** The newest of a kind before an entry. */
  last(kind: string, before = Number.POSITIVE_INFINITY): CheckedEntry | undefined {
    return this.#entries.findLast((entry) => entry.kind === kind && entry.seq < before);
  }

  /** What is of another form tells nothing. */
  bodies<Schema extends z.ZodType>(kind: string, schema: Schema): readonly z.infer<Schema>[] {
    return this.#entries.flatMap((entry) => {
      const read = entry.kind === kind ? schema.safeParse(entry.body) : undefined;
      return read?.success === true ? [read.data] : [];
    });
  }
}

function endProblems(story: Story, end: string): readonly string[] {
  const told = story.end;
  // Where it could not be sealed then, it ended with that doubt, and is sealed later on somebody's word.
  if (told === 'promoted' && end === 'promoted-with-warnings')
    return story.isAcknowledged
      ? []
      : [`it ended ${told}, and nobody acknowledged that it is sealed as ${end}`];
  if (told !== undefined) return told === end ? [] : [`it ended ${told}, the manifest says ${end}`];
  return end.startsWith('promoted') ? [`it never ended, the manifest says ${end}`] : [];
}

function promotionProblems(story: Story, plan: Plan): readonly string[] {
  const started = story.first('step-started');
  const approved = story.last('approved', started);
  const requested = story.last('approval-requested', approved?.seq);
  const round = story.last('round-closed', requested?.seq);
  const preflight = story.last('preflight-closed', started);
  if (started === undefined || approved === undefined || requested === undefined)
    return ['it promoted, and nobody is told to have approved before'];
  if (preflight === undefined || preflight.seq < approved.seq)
    return ['it promoted, and asked no gate between approval and promotion'];
  return [...roundProblems(plan, round, 'round'), ...roundProblems(plan, preflight, 'preflight')];
}

/** "Promote only when all checks are true" */
function roundProblems(plan: Plan, entry: CheckedEntry | undefined, what: string): readonly string[] {
  const closed = closedSchema.safeParse(entry?.body);
  if (!closed.success) return [`it promoted without a ${what}`];
  const verdictOf = new Map(closed.data.gates.map(({ gate, verdict }) => [gate, verdict]));
  const holding = plan.gates.filter(({ id }) => !letsGoOn(plan, id, verdictOf.get(id)));
  return [
    ...holding.map(({ id }) => `it promoted, and ${id} did not pass in its last ${what}`),
    ...closed.data.notRollbackable.map((problem) => `it promoted without a way back: ${problem}`),
  ];
}

/** The watch ended well by the rules, run again over its samples. */
async function watchProblems(files: RunFiles, story: Story, plan: Plan): Promise<readonly string[]> {
  const promotedAt = story.bodies('step-promoted', stepSchema).at(-1)?.promotedAt;
  if (promotedAt === undefined) return ['nobody knows when its watch began'];
  const samples: Sample[] = [];
  for (const { path } of files.entries)
    if (path.startsWith('watch/')) {
      const sample = await readForm(files, path, sampleSchema);
      if (sample !== undefined) samples.push(sample);
    }
  const rules = watchRules(plan);
  let watch = beginWatch(plan.watch, promotedAt);
  let decision: WatchDecision = { decision: 'go-on' };
  for (const [index, sample] of samples.entries()) {
    if (sample.n !== index + 1) return [`sample ${index + 1} of its watch is missing`];
    if (decision.decision !== 'go-on') return ['it went on watching after its watch was over'];
    watch = addSample(rules, watch, sample, true);
    decision = decideWatch(plan.watch, watch, sample.at);
  }
  return decision.decision === 'ended' && decision.end === 'promoted'
    ? []
    : [`its watch comes to ${decision.decision === 'ended' ? decision.end : decision.decision}`];
}
