import type { Command } from 'commander';

import { InputError } from '../contracts/input-error.js';
import { partAlias, type ExpectationOverride } from '../domain/override.js';
import { READINESS_PARTS } from '../domain/readiness-parts.js';
import { HEALTHS, ROLLOUT_GATES, type Health, type RolloutGate } from '../domain/posture.js';

/** Options that expect another posture than the runbook; the long names are those of Tau's validator. */
export interface ExpectFlags {
  readonly expect?: readonly string[];
  readonly expectGatewayHealthState?: string;
  readonly expectCortexHealthState?: string;
  readonly expectOperatorHealthState?: string;
  readonly expectGatewayRolloutGate?: string;
  readonly expectCortexRolloutGate?: string;
  readonly expectOperatorRolloutGate?: string;
  readonly expectRolloutGate?: string;
}

/** Adds them to a command's syntax. */
export function addExpectations(command: Command): Command {
  command.option(
    '--expect <gate=health/gate>',
    'expect another posture of a gate than the runbook does; may be repeated',
    (value: string, before: readonly string[]) => [...before, value],
    [],
  );
  for (const part of READINESS_PARTS)
    command
      .option(`--expect-${part}-health-state <health>`, `of the ${part} part of readiness`)
      .option(`--expect-${part}-rollout-gate <gate>`, `of the ${part} part of readiness`);
  return command.option(
    '--expect-rollout-gate <gate>',
    'of all three parts; an option of one part goes first',
  );
}

/**
 * What is expected otherwise. Whether a gate of that name is there, and whether it may be, the runbook says.
 *
 * @throws InputError bad_usage
 */
export function parseExpectations(flags: ExpectFlags): readonly ExpectationOverride[] {
  const named = (flags.expect ?? []).map(parseExpect);
  const all = wordOf('--expect-rollout-gate', ROLLOUT_GATES, flags.expectRolloutGate);
  const parts = READINESS_PARTS.map((part): ExpectationOverride => {
    const given = {
      gateway: [flags.expectGatewayHealthState, flags.expectGatewayRolloutGate],
      cortex: [flags.expectCortexHealthState, flags.expectCortexRolloutGate],
      operator: [flags.expectOperatorHealthState, flags.expectOperatorRolloutGate],
    }[part];
    const [health, gate] = given;
    return {
      gate: partAlias(part),
      health: wordOf(`--expect-${part}-health-state`, HEALTHS, health),
      rolloutGate: wordOf(`--expect-${part}-rollout-gate`, ROLLOUT_GATES, gate) ?? all,
    };
  });
  return [...named, ...parts.filter(({ health, rolloutGate }) => health !== null || rolloutGate !== null)];
}

function parseExpect(text: string): ExpectationOverride {
  const [, gate, health, rolloutGate] = /^([a-z0-9-]{1,48})=([a-z]+)\/([a-z]+)$/.exec(text) ?? [];
  if (gate === undefined)
    throw new InputError('bad_usage', [
      `--expect ${JSON.stringify(text.slice(0, 80))} can't be: write GATE=HEALTH/GATE, e.g. operator-summary=failing/hold`,
    ]);
  return {
    gate,
    health: wordOf(`--expect ${gate}`, HEALTHS, health),
    rolloutGate: wordOf(`--expect ${gate}`, ROLLOUT_GATES, rolloutGate),
  };
}

function wordOf<Word extends Health | RolloutGate>(
  option: string,
  words: readonly Word[],
  given: string | undefined,
): Word | null {
  if (given === undefined) return null;
  const word = words.find((known) => known === given);
  if (word !== undefined) return word;
  throw new InputError('bad_usage', [
    `${option} ${JSON.stringify(given.slice(0, 80))} can't be: one of ${words.join(', ')}`,
  ]);
}
