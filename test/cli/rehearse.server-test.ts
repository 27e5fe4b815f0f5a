import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';

import { SCENARIOS } from '../../src/rehearsal/scenarios.js';
import { promote } from '../support/command-line.js';

/**
 * Proves that each rehearsal ends in the phase and with the exit code that the rules demand: the whole command line, on
 * the real server, with a real git remote and real processes. It ends where the stand-in differs from a real Tau.
 */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promote-rehearse-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const document = z.object({
  end: z.string(),
  exitCode: z.int(),
  trigger: z.string().nullish(),
  reason: z.string(),
  evidence: z.string(),
});

test.each(SCENARIOS.map(({ name, expected }) => ({ name, ...expected })))(
  'rehearse --scenario $name ends $end with exit code $exitCode',
  async ({ name, end, exitCode, trigger, reason }) => {
    const surroundings = {
      cwd: folder,
      environment: { HOME: folder, TEMPORAL_ADDRESS: inject('temporalAddress') },
    };
    const ended = await promote(surroundings, 'rehearse', '--scenario', name, '--yes', '--json');
    expect(ended, ended.stderr).toMatchObject({ exitCode });
    const told = document.parse(JSON.parse(ended.stdout));
    const named = {
      ...(trigger === undefined ? {} : { trigger }),
      ...(reason === undefined ? {} : { reason }),
    };
    expect(told).toMatchObject({ end, exitCode, ...named });
    expect(await readdir(told.evidence)).toContain('validation-1');
  },
);
