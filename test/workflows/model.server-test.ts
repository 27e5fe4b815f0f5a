import { inject, test } from 'vitest';

import { FIRST_SEED, runScript } from '../support/model-run.js';
import { SCRIPTED_ENDS, scriptOf } from '../support/model-script.js';
import { seeded } from '../support/seeded.js';

/**
 * Proves that the workflow is the rules: a random promotion, played through src/domain first, comes out the same on the
 * real server, event for event, with the same phases, triggers and end. One for each end, from a random seed on, which is
 * in the test's name (MODEL_SEED sets the first); test/deep runs more. Not here: repairs that run by themselves, git steps,
 * expiry, faults of our own (the suites beside this).
 */
const address = inject('temporalAddress');

const cases = SCRIPTED_ENDS.map((end) => ({ end, seed: seedOf(end) }));

function seedOf(end: string): number {
  const seeds = Array.from({ length: 10_000 }, (_, index) => FIRST_SEED + index);
  const found = seeds.find((seed) => endOf(seed) === end);
  if (found === undefined) throw new Error(`no random promotion ends ${end}`);
  return found;
}

function endOf(seed: number): string {
  const { effect } = scriptOf(seeded(seed)).last;
  return effect.do === 'end' ? effect.end : '';
}

test.each(cases)(
  'the random promotion of seed $seed is $end, as the rules say',
  ({ seed }) => runScript(address, scriptOf(seeded(seed))),
  // A rollback that stays unverified takes the whole time of its step, several times.
  300_000,
);
