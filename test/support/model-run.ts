import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { sleep } from '@temporalio/activity';
import { expect, vi } from 'vitest';

import type { PromotionEvent } from '../../src/domain/event.js';
import { runbookOf, type Intervention, type Script, type Told } from './model-script.js';
import { serveScript, type ScriptedSystem } from './scripted-system.js';
import { withStage, type Stage } from './stage.js';

/** MODEL_SEED, or a random one; whatever fails can be run again by it. */
export const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1 + Math.floor(Math.random() * 1_000_000));

/** The same promotion by the real workflow on the real server; compared with the rules wherever it waits, and at its end. */
export async function runScript(address: string, script: Script): Promise<void> {
  let system: ScriptedSystem | undefined;
  /** The watch waits for more than the script says: whoever intervenes may do so. */
  const waiting = { beyondScript: false };
  try {
    await withStage(
      {
        address,
        watchClock: (scheduledAt) => {
          let now = scheduledAt;
          return {
            now: () => now,
            until: async (dueAt) => {
              waiting.beyondScript = (system?.questions ?? 0) >= script.says.length;
              if (waiting.beyondScript) await sleep('1h');
              now = Math.max(now, dueAt);
            },
          };
        },
        prepare: async (stage) => {
          const mark = join(stage.folder, 'mark');
          system = await serveScript(script.says, script.attempts, mark);
          await writeFile(stage.rehearsal.runbookFile, runbookOf(script, { ...system, mark }));
        },
      },
      async (stage) => {
        await stage.start();
        const asked = new Set<string>();
        for (const intervention of script.interventions) {
          await untilThere(stage, script, intervention, () => system?.questions ?? 0, waiting);
          await intervene(stage, system, intervention.does, asked);
        }
        const { state, effect } = script.last;
        if (effect.do !== 'end') throw new Error('the script has no end');
        const { end, trigger } = await stage.result();
        expect({ end, trigger }).toEqual({ end: effect.end, trigger: state.trigger ?? null });
        const view = await stage.view();
        expect(toldBy(view.log)).toEqual(script.told);
        expect(view.triggers).toEqual(state.triggers);
        expect(view.phase).toBe(state.phase);
      },
    );
  } finally {
    await system?.close();
  }
}

async function untilThere(
  stage: Stage,
  { told }: Script,
  { afterEvents, afterQuestions, does }: Intervention,
  questions: () => number,
  waiting: { readonly beyondScript: boolean },
): Promise<void> {
  const wanted = told.slice(0, afterEvents);
  const seen = await stage.until(
    ({ log }) => toldBy(log).length >= afterEvents && questions() >= afterQuestions,
  );
  expect(toldBy(seen.log)).toEqual(wanted);
  if (seen.phase === 'watching' && (does === 'rollback' || does === 'cancel'))
    await vi.waitFor(() => expect(waiting.beyondScript).toBe(true), { timeout: 600_000, interval: 20 });
}

async function intervene(
  stage: Stage,
  system: ScriptedSystem | undefined,
  does: Intervention['does'],
  asked: Set<string>,
): Promise<void> {
  if (does === 'cancel') {
    await stage.handle.cancel();
    return;
  }
  if (does === 'approve' || does === 'reject') {
    const { approval } = await stage.until(
      (seen) => seen.approval !== undefined && !asked.has(seen.approval.digest),
    );
    asked.add(approval?.digest ?? '');
    expect(await stage.decide(does)).toMatchObject({ accepted: true });
    return;
  }
  if (does === 'retry-rollback') system?.nextAttempt();
  expect(await stage.order(does)).toMatchObject({ accepted: true });
}

/** The events among what a promotion tells, with the phase that each led to. */
function toldBy(log: readonly { readonly kind: string; readonly text: string }[]): readonly Told[] {
  return log.flatMap(({ kind, text }) => {
    const phase = text.split(' → ').at(-1) ?? '';
    const changesNothing = kind === 'sampled' && phase === 'watching';
    return EVENTS.has(kind) && !changesNothing ? [{ kind, phase }] : [];
  });
}

const EVENTS: ReadonlySet<string> = new Set<PromotionEvent['type']>([
  'prerequisites-checked',
  'round-closed',
  'remediation-done',
  'approved',
  'rejected',
  'expired',
  'preflight-closed',
  'step-promoted',
  'step-failed',
  'sampled',
  'rollback-tried',
  'rollback-confirmed',
  'ordered',
  'cancelled',
  'faulted',
]);
