import { inject, test } from 'vitest';

import { FIRST_SEED, runScript } from '../support/model-run.js';
import { scriptOf } from '../support/model-script.js';
import { seeded } from '../support/seeded.js';

/**
 * As test/workflows/model.server-test.ts, on many random promotions in a row: each comes out on the real server as the rules
 * say, event for event. Their ends are those that chance gives.
 */
const address = inject('temporalAddress');
const PROMOTIONS = 40;

test.each(Array.from({ length: PROMOTIONS }, (_, index) => FIRST_SEED + index))(
  'the random promotion of seed %i goes as the rules say',
  (seed) => runScript(address, scriptOf(seeded(seed))),
);
