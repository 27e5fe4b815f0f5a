import type { Reconciled, ReconcileAction } from '../domain/reconciling.js';
import { InputError } from '../contracts/input-error.js';
import { duration } from '../contracts/duration.js';
import { runId } from '../contracts/names.js';
import { parseTarget, parseText, type Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain } from './output.js';
import { refuseSecret } from './secret-in-text.js';
import { atSiteOf, withClient } from './temporal.js';

export interface ReconcileFlags {
  readonly target?: string;
  readonly run?: string;
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly every?: string;
  readonly stop?: boolean;
}

/** Has the worker roll back, or seal, what nobody looks after any more. */
export async function reconcile(
  { config, output, by: requester }: Context,
  flags: ReconcileFlags,
): Promise<ExitCode> {
  if (flags.every !== undefined || flags.stop === true) return schedule({ config, output }, flags);
  const target = flags.target === undefined ? undefined : parseTarget(flags.target);
  const run = flags.run === undefined ? undefined : parseRun(flags.run);
  const reason = parseText('--reason', flags.reason ?? 'promote reconcile');
  await refuseSecret(config, '--reason', reason);
  const dryRun = flags.dryRun === true;
  const { runs, unreadable } = await withClient(atSiteOf(config, target), (client) =>
    client.reconcile({
      ...(target === undefined ? {} : { target }),
      ...(run === undefined ? {} : { run }),
      dryRun,
      requester,
      reason,
    }),
  );
  output.document({ dryRun, runs, unreadable });
  if (runs.length === 0 && unreadable.length === 0) output.say('no promotion was left behind: nothing to do');
  for (const found of runs) output.say(lineOf(found, dryRun));
  for (const folder of unreadable)
    output.say(
      `${plain(folder, 200)}: its evidence can't be read, so what it left behind is not known: look at run.json, manifest.json and ended/ there`,
    );
  const doubtful = unreadable.length > 0 || runs.some(({ action }) => action === 'unknown');
  return doubtful ? EXIT.held : EXIT.done;
}

/** How often the worker looks by itself. */
async function schedule(
  { config, output }: Pick<Context, 'config' | 'output'>,
  flags: ReconcileFlags,
): Promise<ExitCode> {
  const { every, stop = false, ...others } = flags;
  if (Object.keys(others).length > 0 || (stop && every !== undefined))
    throw new InputError('bad_usage', ['--every and --stop are about the schedule: give one of them, alone']);
  const everyMs = every === undefined ? undefined : parseEvery(every);
  await withClient(config, (client) =>
    everyMs === undefined ? client.stopSchedule() : client.setSchedule(everyMs),
  );
  output.document({ schedule: { everyMs: everyMs ?? null, taskQueue: config.taskQueue } });
  output.say(
    every === undefined
      ? `stopped: nobody looks for abandoned promotions of the task queue ${config.taskQueue} by itself any more`
      : `the worker of the task queue ${config.taskQueue} looks for abandoned promotions every ${every}`,
  );
  return EXIT.done;
}

const SHORTEST_MS = 10_000;

function parseEvery(given: string): number {
  const parsed = duration.safeParse(given);
  if (parsed.success && parsed.data >= SHORTEST_MS) return parsed.data;
  throw new InputError('bad_usage', [
    `--every ${JSON.stringify(given.slice(0, 80))} can't be: a duration of 10s or more, such as 1m`,
  ]);
}

function parseRun(given: string): string {
  const parsed = runId.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InputError('bad_usage', [
    `--run ${JSON.stringify(given.slice(0, 80))} can't be: a run is named like 20260102T030405678Z-5f0c2a9e; \`promote status\` shows it`,
  ]);
}

const DOES: Readonly<Record<ReconcileAction, (target: string, run: string) => string>> = {
  'rolls-back': (target) => `is rolled back: follow it with \`promote follow ${target}\``,
  abandons: () => 'had changed nothing, and is sealed as abandoned',
  locked: (target) => `waits: another workflow has the lock of ${target}; see \`promote status ${target}\``,
  unknown: (target, run) =>
    `is left alone: Temporal does not say that its workflow was ended, or others came after it, which a rollback would undo; if you know that it has ended and is to be rolled back, \`promote reconcile --target ${target} --run ${run}\``,
};
const WOULD: Partial<typeof DOES> = {
  'rolls-back': () => 'would be rolled back',
  abandons: () => 'has changed nothing, and would be sealed as abandoned',
};

function lineOf({ run, target, commit, action }: Reconciled, dryRun: boolean): string {
  const says = (dryRun ? WOULD[action] : undefined) ?? DOES[action];
  return plain(`${target}: the run ${run} of ${commit} ${says(target, run)}`, 600);
}
