import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, inject, test } from 'vitest';

import type { PromotionInput } from '../../src/domain/messages.js';
import type { ExpectationOverride } from '../../src/domain/override.js';
import { withStage, type Stage } from '../support/stage.js';
import { branchTip, changeRunbook, evidence } from '../support/tau-controls.js';

/**
 * Proves that a promotion takes another expectation only with the runbook's leave, and that what passes by it is promoted
 * and told as overridden everywhere, on the real server against the stand-in Tau. Input comes as anybody with the server
 * could send it: no command line checks it here.
 */
const address = inject('temporalAddress');

const SPARSE = ['operator-summary', 'deployment-transport', 'deployment-status'].map(
  (gate): ExpectationOverride => ({ gate, health: 'failing', rolloutGate: 'hold' }),
);

const allowing = (gates: string) => ({
  address,
  scenario: 'repeated-failing',
  prepare: (stage: Stage) => changeRunbook(stage, 'overridable: []', `overridable: [${gates}]`),
});

describe('a promotion into a Tau whose deployment fails in every round', () => {
  test('goes through where failing is expected by an override that the runbook allows, and is never shown as earned', () =>
    withStage(allowing('operator-summary, deployment-transport, deployment-status'), async (stage) => {
      await stage.start({ overrides: SPARSE });
      const asked = await stage.until(({ approval }) => approval !== undefined);
      expect(asked.overrides).toEqual(
        SPARSE.map(({ gate }) => ({ gate, expect: { health: 'failing', gate: 'hold' } })),
      );
      expect(asked.gates.map(({ gate, verdict }) => `${gate}: ${verdict}`)).toEqual([
        'readiness: overridden',
        'gateway-status: pass',
        'cortex-status: pass',
        'operator-summary: overridden',
        'deployment-transport: overridden',
        'deployment-status: overridden',
      ]);
      const { memo } = await stage.handle.describe();
      expect(memo?.['promotion']).toMatchObject({ overrides: asked.overrides });
      await stage.decide();
      const result = await stage.result();
      expect(result).toMatchObject({ end: 'promoted', trigger: null });
      expect(branchTip(stage)).toBe(stage.rehearsal.commit);

      expect(await evidence(stage, result.evidence, 'runbook.json')).toMatchObject({
        overrides: asked.overrides,
      });
      expect(
        await evidence(stage, result.evidence, 'preflight-1/operator-summary.outcome.json'),
      ).toMatchObject({
        verdict: 'overridden',
      });
      const read = (file: string): Promise<string> =>
        readFile(join(stage.config.evidenceDir, result.evidence, file), 'utf8');
      expect(await read('preflight-1/readiness.txt')).toMatch(/\nstatus=overridden \(operator\)\n$/);
      expect(await read('report.md')).toContain(
        'Overridden: by requester@rehearsal: deployment-status expected failing/hold',
      );
      const entries = (await read('journal.jsonl')).split('\n').filter((line) => line.includes('"sampled"'));
      expect(entries.length).toBeGreaterThan(0);
      for (const entry of entries) expect(entry).toContain('"overridden":["operator-summary",');
      const told = (await stage.view()).log.map(({ text }) => text).join('\n');
      expect(told).toMatch(/opened .*, overridden: operator-summary expected failing\/hold/);
      expect(told).toMatch(/validation-1: 2 gates pass, readiness only by overridden parts/);
      expect(told).not.toMatch(/all 6 gates pass/);
    }));

  test('is not begun where an override is not allowed, or is none', () =>
    withStage(allowing('operator-summary'), async (stage) => {
      const refused: [overrides: unknown, says: RegExp][] = [
        [SPARSE, /failing\/hold can't be expected of deployment-status.*overridable names operator-summary/],
        [[{ gate: 'operator-summary' }], /not of their form/],
        ['all', /not of their form/],
      ];
      for (const [overrides, says] of refused) {
        await stage.start(anything({ overrides }));
        const { end, reason, evidence: folder } = await stage.result();
        expect({ end, folder }).toEqual({ end: 'stopped', folder: '' });
        expect(reason).toMatch(/^prerequisite_not_met: /);
        expect(reason).toMatch(says);
      }
      expect(await readdir(stage.config.evidenceDir).catch(() => [])).toEqual([]);
      expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
    }));

  test('is not promoted where the runbook stops allowing it before the approval', () =>
    withStage(allowing('operator-summary, deployment-transport, deployment-status'), async (stage) => {
      await stage.start({ overrides: SPARSE });
      await stage.until(({ approval }) => approval !== undefined);
      await changeRunbook(stage, 'overridable: [operator-summary, ', 'overridable: [');
      await stage.decide();
      expect(await stage.result()).toMatchObject({ end: 'stopped', reason: 'runbook_changed' });
      expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
    }));
});

/** What anybody with the server could send, whatever its type here. */
function anything(input: Readonly<Record<string, unknown>>): Partial<PromotionInput> {
  return input;
}
