import { inject, test } from 'vitest';

import { ENDS } from '../../src/domain/phase.js';
import { FIRST_SEED, runScript } from '../support/model-run.js';
import { scriptOf } from '../support/model-script.js';
import { seeded } from '../support/seeded.js';

/**
 * Proves that the workflow is the rules: a random promotion, played through src/domain first, comes out the same on the
 * real server, event for event, with the same phases, triggers and end. One for each end, from a random seed on, which is
 * in the test's name (MODEL_SEED sets the first); test/deep runs more. Not here: repairs that run by themselves, git steps,
 * expiry, faults of our own (the suites beside this).
 */
const address = inject('temporalAddress');

const cases = ENDS.filter((end) => end !== 'expired').map((end) => {
  let seed = FIRST_SEED;
  while (endOf(seed) !== end) seed += 1;
  return { end, seed };
});

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
