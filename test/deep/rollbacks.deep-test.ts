import { readFile, writeFile } from 'node:fs/promises';

import { describe, expect, inject, test } from 'vitest';
import { parseDocument } from 'yaml';

import type { Fault, Scenario } from '../../src/rehearsal/scenario.js';
import { scenarioNamed } from '../../src/rehearsal/scenarios.js';
import type { Timings } from '../../src/rehearsal/timings.js';
import type { TriggerCode } from '../../src/domain/triggers.js';
import { withStage, type Stage } from '../support/stage.js';
import {
  branchTip,
  expectRolledBack,
  gatewayStatus,
  nextCommit,
  repairTau,
  startGateway,
  treeOf,
} from '../support/tau-controls.js';

/**
 * Proves for every way into a rollback, on the real server with the rehearsal Tau and a real git remote: it ends rolled
 * back, the gateway's own answer says stopped, the branch has the tree that it had before; and once people brought the
 * service back, the same commit can be promoted again, and then the next one. It ends at one promotion at a time.
 */
const address = inject('temporalAddress');
const LONG_WATCH = { watchWindowMs: 600_000 };

interface WayIn {
  readonly sentence: string;
  readonly trigger: TriggerCode;
  readonly scenario: string;
  readonly timings?: Partial<Timings>;
  /** From the start on, until something makes it roll back. */
  readonly drive: (stage: Stage) => Promise<void>;
  /** Makes the promotion's steps slow enough for an order to come while promoting. */
  readonly prepare?: (stage: Stage) => Promise<void>;
}

const started = async (stage: Stage): Promise<void> => void (await stage.start());

const approved = async (stage: Stage): Promise<void> => {
  await stage.start();
  await stage.decide();
};

const watching = async (stage: Stage): Promise<void> => {
  await approved(stage);
  await stage.until((seen) => seen.phase === 'watching');
};

const promotingSecondStep = async (stage: Stage): Promise<void> => {
  await approved(stage);
  await stage.until((seen) => seen.log.some(({ text }) => text === 'promoting: second-site'));
};

const WAYS_IN: readonly WayIn[] = [
  {
    sentence: 'cortex lost its artifact and the repair did not bring it back',
    trigger: 'cortex_artifact_unrepaired',
    scenario: 'cortex-unrepaired',
    drive: started,
  },
  {
    sentence: 'a gate failed in two consecutive rounds',
    trigger: 'repeated_failing',
    scenario: 'repeated-failing',
    drive: started,
  },
  {
    sentence: 'the readiness gate holds after remediation',
    trigger: 'readiness_failed_after_remediation',
    scenario: 'readiness-fails',
    drive: started,
  },
  {
    sentence: 'the gateway fails while it is watched',
    trigger: 'repeated_failing',
    scenario: 'failing-after-promotion',
    drive: approved,
  },
  {
    sentence: 'the gateway is out of reach while it is watched, and answers again during the rollback',
    trigger: 'unreachable',
    scenario: 'unreachable-after-promotion',
    drive: approved,
  },
  {
    sentence: 'the second promotion step failed',
    trigger: 'promotion_step_failed',
    scenario: 'half-promoted',
    drive: approved,
  },
  {
    sentence: 'it was cancelled while promoting',
    trigger: 'cancelled',
    scenario: 'half-promoted',
    prepare: slowSecondStep,
    drive: async (stage) => {
      await promotingSecondStep(stage);
      await stage.handle.cancel();
    },
  },
  {
    sentence: 'it was cancelled while watching',
    trigger: 'cancelled',
    scenario: 'healthy',
    timings: LONG_WATCH,
    drive: async (stage) => {
      await watching(stage);
      await stage.handle.cancel();
    },
  },
  {
    sentence: 'a person asked for it while promoting',
    trigger: 'requested',
    scenario: 'half-promoted',
    prepare: slowSecondStep,
    drive: async (stage) => {
      await promotingSecondStep(stage);
      expect(await stage.order('rollback')).toMatchObject({ accepted: true });
    },
  },
  {
    sentence: 'a person asked for it while watching',
    trigger: 'requested',
    scenario: 'healthy',
    timings: LONG_WATCH,
    drive: async (stage) => {
      await watching(stage);
      expect(await stage.order('rollback')).toMatchObject({ accepted: true });
    },
  },
];

describe('a promotion is rolled back, and the next ones are promoted, where', () => {
  test.each(WAYS_IN.map((way) => [way.sentence, way] as const))('%s', async (_, way) => {
    const { trigger, scenario: name, timings, drive, prepare } = way;
    const faults: Fault[] = [...(named(name).faults ?? [])];
    const scenario: Scenario = { ...named(name), faults };
    await withStage(
      { address, scenario, timings: timings ?? {}, prepare: prepare ?? (async () => {}) },
      async (stage) => {
        await drive(stage);
        expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger });
        await expectRolledBack(stage);

        faults.length = 0;
        await bringBack(stage);
        await expectPromoted(stage, stage.rehearsal.commit, 'what held it was repaired');
        await expectPromoted(stage, nextCommit(stage));
      },
    );
  });
});

function named(name: string): Scenario {
  const scenario = scenarioNamed(name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  return scenario;
}

/** As the people would: the service is started, what failed is repaired, and the watch has the usual length again. */
async function bringBack(stage: Stage): Promise<void> {
  startGateway(stage);
  await repairTau(stage);
  await editRunbook(stage, (runbook) => {
    runbook.deleteIn(['promotion', 'steps', 1]);
    runbook.setIn(['watch', 'window'], '1s');
  });
}

/** @param again why the commit that was rolled back is promoted again, where it is */
async function expectPromoted(stage: Stage, commit: string, again?: string): Promise<void> {
  await stage.start({ commit, ...(again === undefined ? {} : { again: true, reason: again }) });
  await stage.decide();
  expect(await stage.result()).toMatchObject({ end: 'promoted', trigger: null });
  expect(treeOf(stage, branchTip(stage))).toBe(treeOf(stage, commit));
  expect((await gatewayStatus(stage)).service).toMatchObject({
    service_status: 'running',
    rollout_gate: 'pass',
  });
}

async function slowSecondStep(stage: Stage): Promise<void> {
  await editRunbook(stage, (runbook) => {
    runbook.setIn(['promotion', 'steps', 1, 'command', 'argv'], ['sh', '-c', 'sleep 2']);
  });
}

async function editRunbook(
  { rehearsal }: Stage,
  edit: (runbook: ReturnType<typeof parseDocument>) => void,
): Promise<void> {
  const runbook = parseDocument(await readFile(rehearsal.runbookFile, 'utf8'));
  edit(runbook);
  await writeFile(rehearsal.runbookFile, runbook.toString());
}
