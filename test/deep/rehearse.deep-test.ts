import { inject, test } from 'vitest';

import { SCENARIOS } from '../../src/rehearsal/scenarios.js';
import { expectRehearsed, FIRST_OF_EACH_END } from '../support/rehearsed.js';

/** As test/cli/rehearse.server-test.ts, for every scenario that is not there. */
const others = SCENARIOS.filter((scenario) => !FIRST_OF_EACH_END.includes(scenario));

test.each(others)(
  'rehearse --scenario $name ends $expected.end with exit code $expected.exitCode',
  (scenario) => expectRehearsed(scenario, inject('temporalAddress')),
);
