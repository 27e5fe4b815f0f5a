import { setTimeout as sleep } from 'node:timers/promises';

import type { PromotionOutcome, RollbackOutcome } from '../../contracts/step-record.js';
import type { Command, HttpRequest, PromotionStep, RollbackStep } from '../../contracts/runbook.js';
import { askGate } from '../gates/ask.js';
import { probe, type Asking, type Probed } from '../probe.js';
import type { LoadedRunbook } from '../runbook/load.js';
import { sameState, type SameState } from './same-state.js';

const MAX_OUTPUT_BYTES = 1024 * 1024;
const BACKOFF_MS = { first: 200, most: 5_000 };
/** A gateway that hangs must not keep the stop from being run. */
const COMPARING_MS = 2_000;

/** What a command or request printed, redacted, for the evidence. */
export interface Said {
  readonly code: string;
  readonly detail: string;
  readonly probed: Probed;
}

/** Runs a repair once. Whether it helped is for the next round to say. */
export async function runRepair(
  repair: {
    readonly http?: HttpRequest | undefined;
    readonly command?: Command | undefined;
    readonly deadline: number;
  },
  asking: Asking,
): Promise<Said> {
  return say(await act(repair, asking));
}

/** A promotion by command: exit 0 is done, and anything that ran may have had an effect. */
export async function promoteByCommand(
  step: PromotionStep,
  asking: Asking,
): Promise<PromotionOutcome & { readonly said: Said }> {
  const said = say(await act(step, asking));
  const { code, detail, probed } = said;
  if (probed.kind === 'answered') return { done: true, code, detail, said };
  const neverRan = probed.kind === 'misconfigured' && code !== 'command_usage';
  return { done: false, code, detail, effect: neverRan ? 'none' : 'possible', said };
}

/**
 * Runs a rollback command until the system itself says that it took effect, or the step's time is over. The exit code
 * proves nothing: a stop in a wrong directory succeeds and stops nothing. Where the directory is proven to be another
 * system's, the command is not run there; the system is asked all the same.
 */
export async function rollBackByCommand(
  loaded: LoadedRunbook,
  step: RollbackStep,
  asking: Asking,
): Promise<RollbackOutcome & { readonly said: Said | undefined }> {
  const endsAt = Date.now() + step.deadline;
  let said: Said | undefined;
  for (let waitMs = BACKOFF_MS.first; ; waitMs = Math.min(waitMs * 2, BACKOFF_MS.most)) {
    const place = await sameState(loaded, step, asking, COMPARING_MS);
    const leftMs = endsAt - Date.now();
    // The other half of the time is for asking whether it took effect: a command that hangs may have worked.
    if (place.kind !== 'different')
      said = say(await act({ ...step, deadline: Math.max(1, Math.floor(leftMs / 2)) }, asking));
    const verified = await verifyByGate(loaded, step, asking);
    if (verified.verified) return { ...verified, said };
    if (endsAt - Date.now() <= waitMs)
      return { ...blame(verified, said, await sameState(loaded, step, asking, COMPARING_MS)), said };
    await sleep(waitMs, undefined, { signal: asking.signal });
  }
}

/** Asks the system by the gate that the step names: the posture and reason codes must be the expected ones. */
export async function verifyByGate(
  loaded: LoadedRunbook,
  step: RollbackStep,
  asking: Asking,
): Promise<RollbackOutcome> {
  if (step.verify === undefined)
    return { verified: false, code: 'no_verification', detail: `${step.id} says not how it is verified` };
  const { gate, expect } = step.verify;
  const { result } = await askGate(loaded, gate, asking);
  if (result.kind !== 'answered')
    return {
      verified: false,
      code: result.kind,
      detail: `${gate} gives no answer (${result.reasonCodes.join(', ')})`,
    };
  const missing = expect.reasonCodes.filter((code) => !result.reasonCodes.includes(code));
  const seen = `${gate} says ${result.rolloutGate} (${result.reasonCodes.join(', ')})`;
  if (result.rolloutGate === expect.gate && missing.length === 0)
    return { verified: true, code: 'verified', detail: seen };
  return {
    verified: false,
    code: 'not_in_effect',
    detail: `${seen}, expected ${expect.gate} (${expect.reasonCodes.join(', ')})`,
  };
}

function act(
  step: { http?: HttpRequest | undefined; command?: Command | undefined; deadline: number },
  asking: Asking,
): Promise<Probed> {
  const { http, command, deadline } = step;
  return probe(
    { http, command, deadlineMs: deadline, maxBytes: MAX_OUTPUT_BYTES, outputOptional: true },
    asking,
  );
}

function say(probed: Probed): Said {
  return probed.kind === 'answered'
    ? { code: 'done', detail: '', probed }
    : { code: probed.code, detail: probed.detail, probed };
}

/** What a person has to know first: that the command works in a wrong place, else that it failed, else what the system says. */
function blame(verified: RollbackOutcome, said: Said | undefined, place: SameState): RollbackOutcome {
  if (place.kind === 'different')
    return { verified: false, code: 'wrong_directory', detail: `${place.detail}; ${verified.detail}` };
  if (said === undefined || said.code === 'done') return verified;
  return { ...verified, detail: `${verified.detail}; the command: ${said.code}: ${said.detail}` };
}
