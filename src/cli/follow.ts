import { isBeforePromoting } from '../domain/phase.js';
import type { PromotionClient } from '../client.js';
import { evidenceAt, parseTarget, parseWhole, type Context } from './context.js';
import { untilStopped } from './stop-signal.js';
import type { ExitCode } from './exit-codes.js';
import { followPromotion, type Followed } from './follow-promotion.js';
import { reasonLines, reasonsOf } from './reason-codes.js';
import { concernLines, paintPhase } from './render.js';
import { connectTo, findEndpoint, withClient } from './temporal.js';

export interface FollowFlags {
  readonly untilSettled?: boolean;
  /** Seconds. */
  readonly patience: string;
}

export async function follow(context: Context, givenTarget: string, flags: FollowFlags): Promise<ExitCode> {
  const target = parseTarget(givenTarget);
  const patienceMs = parseWhole('--patience', flags.patience, 0, 86_400) * 1_000;
  return followRun(context, {
    target,
    runId: undefined,
    patienceMs,
    untilSettled: flags.untilSettled === true,
  });
}

/** Follows, says how it ended, and gives the exit code of the end. */
export async function followRun(
  context: Context,
  options: { target: string; runId: string | undefined; patienceMs: number; untilSettled: boolean },
): Promise<ExitCode> {
  const { config, output } = context;
  // What is wrong at the very beginning is told at once; patience is for what was there before.
  await withClient(config, (client) => client.status(options.target));
  const connect = async (): Promise<PromotionClient> => connectTo(await findEndpoint(config), config);
  const followed = await followPromotion({ ...options, connect, output, signal: untilStopped() });
  tellEnd(context, options.target, followed);
  return followed.exitCode;
}

function tellEnd({ config, output }: Context, target: string, followed: Followed): void {
  const common = {
    type: 'result',
    target,
    commit: followed.commit,
    runId: followed.runId,
    exitCode: followed.exitCode,
  };
  switch (followed.kind) {
    case 'ended': {
      const { end, reason, trigger, manifest, run } = followed.result;
      const evidence = evidenceAt(config, followed.result.evidence);
      output.document({
        ...common,
        run,
        end,
        reason,
        trigger: trigger ?? null,
        reasons: reasonsOf([], reason, trigger),
        concerns: followed.concerns,
        evidence,
        manifest: manifest ?? null,
      });
      const why = reason === end || reason === '' ? '' : ` (${reason})`;
      output.say(`${output.paint('bold', target)}  ${paintPhase(output, end)}${why}`);
      for (const line of reasonLines(output, reasonsOf([], reason, trigger))) output.say(`  ${line}`);
      if (end !== 'promoted')
        for (const line of concernLines(followed.concerns)) output.say(`call      ${line}`);
      if (evidence !== '') output.say(`evidence  ${evidence}`);
      return;
    }
    case 'abandoned':
      output.document({
        ...common,
        end: 'abandoned',
        reason: `ended from outside while ${followed.phase}`,
        trigger: null,
      });
      output.say(
        `${target}  ${paintPhase(output, 'abandoned')}: its workflow was ended from outside while ${followed.phase}, ${isBeforePromoting(followed.phase) ? 'before it changed anything' : `and nothing was rolled back: \`promote reconcile --target ${target}\` does it`}`,
      );
      return;
    case 'unsettled':
      output.document({
        ...common,
        end: 'rollback-failed',
        reason: 'rollback-failed',
        trigger: followed.status.memo.trigger,
        concerns: followed.status.view?.concerns ?? followed.status.memo.concerns,
      });
      output.say(
        `${target}  ${paintPhase(output, 'rollback-failed')}: it stays open until a person settles it`,
      );
      return;
    default:
      followed satisfies never;
  }
}
