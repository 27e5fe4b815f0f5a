import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';

import type { Scenario } from '../../src/rehearsal/scenario.js';
import { SCENARIOS } from '../../src/rehearsal/scenarios.js';
import { promote } from './command-line.js';

const document = z.object({
  end: z.string(),
  exitCode: z.int(),
  trigger: z.string().nullish(),
  reason: z.string(),
  evidence: z.string(),
});

/** The first scenario of each end. */
export const FIRST_OF_EACH_END = SCENARIOS.filter(
  ({ expected }, index) => SCENARIOS.findIndex((other) => other.expected.end === expected.end) === index,
);

/** Runs `promote rehearse` in a folder of its own, and expects the end, exit code and reasons that the scenario names. */
export async function expectRehearsed({ name, expected }: Scenario, temporalAddress: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-rehearse-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const surroundings = { cwd: folder, environment: { HOME: folder, TEMPORAL_ADDRESS: temporalAddress } };
  const ended = await promote(surroundings, 'rehearse', '--scenario', name, '--yes', '--json');
  const { end, exitCode, trigger, reason } = expected;
  expect(ended, ended.stderr).toMatchObject({ exitCode });
  const told = document.parse(JSON.parse(ended.stdout));
  const named = {
    ...(trigger === undefined ? {} : { trigger }),
    ...(reason === undefined ? {} : { reason }),
  };
  expect(told).toMatchObject({ end, exitCode, ...named });
  expect(await readdir(told.evidence)).toContain('validation-1');
}
