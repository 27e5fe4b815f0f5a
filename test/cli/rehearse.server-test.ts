import { inject, test } from 'vitest';

import { expectRehearsed, FIRST_OF_EACH_END } from '../support/rehearsed.js';

/**
 * Proves that a rehearsal of each end ends there, with the exit code that the rules demand: the whole command line, on the
 * real server, with a real git remote and real processes. It ends where the stand-in differs from a real Tau; the other
 * scenarios are in test/deep.
 */
test.each(FIRST_OF_EACH_END)(
  'rehearse --scenario $name ends $expected.end with exit code $expected.exitCode',
  (scenario) => expectRehearsed(scenario, inject('temporalAddress')),
);
