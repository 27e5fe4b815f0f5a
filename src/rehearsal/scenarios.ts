import { FAULTY_SCENARIOS } from './scenarios-faulty.js';
import type { Scenario } from './scenario.js';

/** A rollback that can never be verified is given up soon. */
const GIVES_UP_SOON = { rollbackDeadlineMs: 4_000 } as const;

const SCENARIOS_BY_STATE = [
  {
    name: 'healthy',
    description: 'Every gate passes from beginning to end.',
    expected: { end: 'promoted', exitCode: 0 },
  },
  {
    name: 'hold-healed',
    description: 'Cortex has seen no chat yet; the chat probe heals it.',
    expected: { end: 'promoted', exitCode: 0 },
    begins: { cortex: 'chat-missing' },
  },
  {
    name: 'gateway-stopped',
    description: 'An operator had stopped the gateway; the start command heals it.',
    expected: { end: 'promoted', exitCode: 0 },
    begins: { gatewayStopped: 'operator_requested' },
  },
  {
    name: 'hold-stays',
    description: 'The deployment stays degraded while the operator summary, which lags behind, passes.',
    expected: { end: 'stopped', exitCode: 1, reason: 'gate_hold' },
    begins: { deployment: 'degraded', summaryLags: true },
  },
  {
    name: 'readiness-fails',
    description: 'The daemon does not run, and nobody starts it.',
    expected: { end: 'rolled-back', exitCode: 3, trigger: 'readiness_failed_after_remediation' },
    begins: { daemon: 'not-running' },
  },
  {
    name: 'repeated-failing',
    description: 'The deployment fails in every round.',
    expected: { end: 'rolled-back', exitCode: 3, trigger: 'repeated_failing' },
    begins: { deployment: 'failing' },
  },
  {
    name: 'cortex-unrepaired',
    description: "Cortex's observer artifact is malformed and stays so after the repair.",
    expected: { end: 'rolled-back', exitCode: 3, trigger: 'cortex_artifact_unrepaired' },
    begins: { cortex: 'malformed' },
  },
  {
    name: 'emergency-stopped',
    description: 'A rollback had stopped the gateway, so it must not be started, and nobody does.',
    expected: { end: 'rolled-back', exitCode: 3, trigger: 'readiness_failed_after_remediation' },
    begins: { gatewayStopped: 'emergency_rollback' },
  },
  {
    name: 'held-after-promotion',
    description: 'The daemon stops right after the promotion: a hold, which is no reason to roll back.',
    expected: { end: 'promoted-with-warnings', exitCode: 1 },
    turns: [{ after: 'branch-moved', into: { daemon: 'not-running' } }],
  },
  {
    name: 'failing-after-promotion',
    description: "The gateway's events fail right after the promotion while its service gate says pass.",
    expected: { end: 'rolled-back', exitCode: 3, trigger: 'repeated_failing' },
    turns: [{ after: 'branch-moved', into: { events: 'unparsable' } }],
  },
  {
    name: 'wrong-directory',
    description: 'The deployment fails, and the stop command works in a directory where no gateway lives.',
    expected: { end: 'rollback-failed', exitCode: 4, trigger: 'repeated_failing' },
    begins: { deployment: 'failing' },
    runbook: 'stop-in-another-directory',
    timings: GIVES_UP_SOON,
  },
  {
    name: 'foreign-directory',
    description: "The stop command works in another gateway's directory, which shows before promoting.",
    expected: { end: 'stopped', exitCode: 1, reason: 'not_rollbackable' },
    runbook: 'stop-in-another-directory',
    elsewhere: 'another-gateway',
  },
  {
    name: 'copied-directory',
    description:
      "The stop command works in a copy of the gateway's directory, until the gateway starts anew.",
    expected: { end: 'rollback-failed', exitCode: 4, trigger: 'repeated_failing' },
    runbook: 'stop-in-another-directory',
    turns: [{ after: 'branch-moved', into: { gatewayRestarted: true, events: 'unparsable' } }],
    timings: GIVES_UP_SOON,
  },
  {
    name: 'half-promoted',
    description: 'The branch is pushed, then the second promotion step fails.',
    expected: { end: 'rolled-back', exitCode: 3, trigger: 'promotion_step_failed' },
    runbook: 'failing-second-step',
  },
  {
    name: 'branch-moved',
    description: "Someone else's push reaches the environment branch right before ours.",
    expected: { end: 'stopped', exitCode: 1, reason: 'branch_moved_on' },
    rival: true,
  },
] as const satisfies readonly Scenario[];

const ALL = [...SCENARIOS_BY_STATE, ...FAULTY_SCENARIOS] as const;

export type ScenarioName = (typeof ALL)[number]['name'];

/** Every scenario that can be rehearsed, each with the end that the rules lead to. */
export const SCENARIOS: readonly (Scenario & { readonly name: ScenarioName })[] = ALL;

export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
