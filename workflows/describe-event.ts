import type { Json } from '../src/domain/canonical-json.js';
import type { PromotionEvent } from '../src/domain/event.js';
import type { PromotionState } from '../src/domain/move.js';
import { sampleRanges } from '../src/domain/records.js';
import type { OwnReasonCode } from '../src/domain/reason-codes/catalogue.js';
import type { GateResult } from '../src/domain/verdict.js';
import type { Sample } from '../src/domain/watch.js';

export interface Described {
  readonly kind: string;
  /** One line for those who follow. */
  readonly text: string;
  readonly body: Json;
}

/**
 * An event as the journal keeps it: identifiers, codes and the phase it led to; bodies stand in files of their own.
 *
 * @param overridden gates whose pass is not earned in this run
 */
export function describeEvent(
  event: PromotionEvent,
  after: PromotionState,
  overridden: readonly string[],
): Described {
  const phase = after.phase;
  const entry = (text: string, body: Record<string, Json>): Described => ({
    kind: event.type,
    text: `${text} → ${phase}`,
    body: { ...body, phase },
  });
  switch (event.type) {
    case 'prerequisites-checked':
      return entry(event.problems.length === 0 ? 'prerequisites met' : event.problems.join('; '), {
        problems: [...event.problems],
      });
    case 'round-closed':
      return entry(describeRound(event.round, event.results), {
        round: event.round,
        gates: event.results.map(gateBody),
        triggers: [...after.triggers],
      });
    case 'preflight-closed':
      return entry(
        event.notRollbackable.length === 0
          ? describeRound(event.round, event.results)
          : `${event.round}: rollback could not run: ${event.notRollbackable.join('; ')}`,
        {
          round: event.round,
          gates: event.results.map(gateBody),
          notRollbackable: [...event.notRollbackable],
        },
      );
    case 'remediation-done':
      return entry(`remediation attempted for ${event.attempted.join(', ') || 'nothing'}`, {
        attempted: [...event.attempted],
      });
    case 'approved':
    case 'rejected':
    case 'expired':
      return entry(event.type, {});
    case 'step-promoted':
      return entry(`${event.step} promoted`, { step: event.step, promotedAt: event.at });
    case 'step-failed':
      return entry(`${event.step} failed: ${event.code}`, {
        step: event.step,
        code: event.code,
        effect: event.effect,
      });
    case 'sampled': {
      const last = event.samples.at(-1);
      const grade = last === undefined ? 'no sample' : `sample ${last.n}: ${last.grade}`;
      const marked = last?.grade === 'pass' && overridden.length > 0;
      return entry(marked ? `${grade} (${overridden.join(', ')} overridden)` : grade, {
        ...samplesBody(event.samples, overridden),
        recorded: event.recorded,
        trigger: after.trigger ?? null,
      });
    }
    case 'rollback-tried':
      return entry(
        event.unverified.length === 0
          ? 'rollback verified'
          : `rollback not verified: ${event.unverified.join('; ')}`,
        { unverified: [...event.unverified], attempt: after.rollbackAttempts },
      );
    case 'rollback-confirmed':
      return entry(
        event.unverified.length === 0
          ? 'rollback still holds'
          : `rollback did not hold: ${event.unverified.join('; ')}`,
        { unverified: [...event.unverified] },
      );
    case 'ordered':
      return entry(`${event.action} ordered`, { action: event.action });
    case 'cancelled':
      // Temporal says who may cancel, not who did.
      return entry('cancelled', { identity: 'asserted' });
    case 'faulted':
      return entry(`fault: ${event.code}`, { code: event.code });
    default:
      return event satisfies never;
  }
}

/** Samples as the journal keeps them, and the gates whose pass is not earned. */
export function samplesBody(
  samples: readonly Sample[],
  overridden: readonly string[],
): Readonly<Record<string, Json>> {
  return {
    samples: sampleRanges(samples).map((range) => ({ ...range })),
    ...(overridden.length === 0 ? {} : { overridden: [...overridden] }),
  };
}

function gateBody({ gate, kind, verdict, health, rolloutGate, reasonCodes }: GateResult): Json {
  return { gate, kind, verdict, health, rolloutGate, reasonCodes: [...reasonCodes] };
}

function describeRound(round: string, results: readonly GateResult[]): string {
  const holding = results.filter(({ verdict }) => verdict === 'hold');
  const overridden = results.filter(({ verdict }) => verdict === 'overridden');
  if (holding.length === 0 && overridden.length === 0) return `${round}: all ${results.length} gates pass`;
  if (holding.length === 0)
    return `${round}: ${results.length - overridden.length} gates pass, ${overridden.map(describeOverridden).join(', ')}`;
  return `${round}: ${holding.map(({ gate, reasonCodes }) => `${gate} holds (${reasonCodes.join(', ')})`).join('; ')}`;
}

function describeOverridden({ gate, health, rolloutGate, reasonCodes }: GateResult): string {
  const own: OwnReasonCode = 'expectation_overridden';
  return reasonCodes.includes(own)
    ? `${gate} as expected only by an override (${health}/${rolloutGate})`
    : `${gate} only by overridden parts`;
}
