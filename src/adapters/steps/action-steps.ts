import { setTimeout as sleep } from 'node:timers/promises';

import type { PromotionOutcome, RollbackOutcome } from '../../contracts/step-record.js';
import type { Command, HttpRequest } from '../../contracts/runbook-question.js';
import type { PromotionStep, RollbackStep } from '../../contracts/runbook-steps.js';
import type { OwnReasonCode } from '../../domain/reason-codes/catalogue.js';
import { startDeadline } from '../deadline.js';
import { probe, type Asking, type Probed } from '../probe.js';
import type { LoadedRunbook } from '../runbook/load.js';
import { sameState, type SameState } from './same-state.js';

/** Steps that act by a command or by a request over HTTP. What a git step does is in git-steps.ts. */

const MAX_OUTPUT_BYTES = 1024 * 1024;
const BACKOFF_MS = { first: 200, most: 5_000 };
/** A gateway that hangs must not keep the stop from being run. */
const COMPARING_MS = 2_000;

/** What a command or request printed, redacted, for the evidence. */
export interface Said {
  readonly code: OwnReasonCode;
  readonly detail: string;
  readonly probed: Probed;
}

interface Action {
  readonly http?: HttpRequest | undefined;
  readonly command?: Command | undefined;
  readonly expectStatus?: readonly number[] | undefined;
  /** A request is asked again after a transient fault. Left out: a GET only. */
  readonly repeatable?: boolean;
  readonly deadline: number;
}

/** Runs a repair once. Whether it helped is for the next round to say. */
export async function runRepair(
  repair: Pick<Action, 'http' | 'command' | 'deadline'>,
  asking: Asking,
): Promise<Said> {
  return say(await act(repair, asking));
}

/** A promotion by command or HTTP: exit 0 or the expected status is done, and anything that ran may have had an effect. */
export async function promoteByAction(
  step: PromotionStep,
  asking: Asking,
): Promise<PromotionOutcome & { readonly said: Said }> {
  const said = say(await act(step, asking));
  const { code, detail, probed } = said;
  if (probed.kind === 'answered') return { done: true, code, detail, said };
  const untouched = step.http === undefined ? neverRan(probed) : neverSent(probed);
  return { done: false, code, detail, effect: untouched ? 'none' : 'possible', said };
}

function neverRan(probed: Probed): boolean {
  return probed.kind === 'misconfigured' && probed.code !== 'command_usage';
}

/** Faults of a connection that was never made: not a byte of the request left. */
const NO_CONNECTION =
  /^(?:http_refused|http_no_route|http_unknown_host|http_bad_host|http_bad_request|tls_.*)$/;

function neverSent({ tries }: Probed): boolean {
  return tries.every(({ outcome }) => NO_CONNECTION.test(outcome));
}

/**
 * Acts until the system itself says that it took effect, or the step's time is over. Exit code and status prove nothing: a
 * stop in a wrong directory succeeds and stops nothing. Where the directory is proven to be another system's, the command is
 * not run there; the system is asked all the same. What may not be repeated is done once and then only asked about.
 *
 * @param options.verify asks the system; its own waits end by the signal that it is given
 * @param options.actedBefore an attempt that was lost may have acted already
 * @param options.tell called with what is known so far, for the case that the time is over
 */
export async function rollBackByAction(
  loaded: LoadedRunbook,
  step: RollbackStep,
  asking: Asking,
  { verify, actedBefore, tell }: ActingOptions,
): Promise<RollbackOutcome & { readonly said: Said | undefined }> {
  const endsAt = Date.now() + step.deadline;
  let said: Said | undefined;
  let spent = actedBefore && !step.repeatable;
  let place = await sameState(loaded, step, asking, COMPARING_MS);
  for (let waitMs = BACKOFF_MS.first; ; waitMs = Math.min(waitMs * 2, BACKOFF_MS.most)) {
    if (place.kind !== 'different' && !spent) {
      // The other half of the time is for asking whether it took effect: what hangs may have worked.
      const half = Math.max(1, Math.floor((endsAt - Date.now()) / 2));
      said = say(await act({ ...step, deadline: half }, asking));
      spent = !step.repeatable;
    }
    const verified = await askInTime(verify, asking, endsAt);
    if (verified.verified) return { ...verified, said };
    tell(blame(verified, said, place));
    // What the command did may be what shows whose directory it is.
    place = await sameState(loaded, step, asking, COMPARING_MS);
    const outcome = blame(verified, said, place);
    tell(outcome);
    if (endsAt - Date.now() <= waitMs) return { ...outcome, said };
    await sleep(waitMs, undefined, { signal: asking.signal });
  }
}

interface ActingOptions {
  readonly verify: (asking: Asking) => Promise<RollbackOutcome>;
  readonly actedBefore: boolean;
  readonly tell: (soFar: RollbackOutcome) => void;
}

async function askInTime(
  verify: (asking: Asking) => Promise<RollbackOutcome>,
  asking: Asking,
  endsAt: number,
): Promise<RollbackOutcome> {
  const limit = startDeadline(Math.max(1, endsAt - Date.now()), asking.signal);
  try {
    return await verify({ ...asking, signal: limit.signal });
  } catch (error) {
    if (!limit.passed() || asking.signal.aborted) throw error;
    return {
      verified: false,
      code: 'unreachable',
      detail: 'the system did not say within the time of the step',
    };
  } finally {
    limit.clear();
  }
}

function act({ http, command, deadline, expectStatus, repeatable }: Action, asking: Asking): Promise<Probed> {
  return probe(
    {
      http,
      command,
      deadlineMs: deadline,
      maxBytes: MAX_OUTPUT_BYTES,
      outputOptional: true,
      expectStatus,
      repeatable,
    },
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
  return { ...verified, detail: `${verified.detail}; the step itself: ${said.code}: ${said.detail}` };
}
