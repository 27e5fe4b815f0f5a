import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { validateYaml } from '../../src/adapters/yaml-document.js';
import { planOf } from '../../src/contracts/plan-of.js';
import { consistentRunbook } from '../../src/contracts/runbook-rules.js';
import type { Plan, PlannedStep } from '../../src/domain/plan.js';
import type { GateResult } from '../../src/domain/verdict.js';

/** The runbook that is shipped, as text. */
export const SHIPPED_RUNBOOK = readFileSync(
  fileURLToPath(new URL('../../runbooks/operator-readiness.yaml', import.meta.url)),
  'utf8',
);

export const APPROVERS = ['approver-a@example.org', 'approver-b@example.org', 'approver-c@example.org'];

/** Tau's gates, in the runbook's order. */
export const GATES = [
  'readiness',
  'gateway-status',
  'cortex-status',
  'operator-summary',
  'deployment-transport',
  'deployment-status',
] as const;
export type TauGate = (typeof GATES)[number];

const SHIPPED = validateYaml(SHIPPED_RUNBOOK, 'operator-readiness.yaml', consistentRunbook);
const SHIPPED_PLAN = planOf({ ...SHIPPED, approval: { ...SHIPPED.approval, approvers: APPROVERS } });

/** What a case needs different from Tau's plan. */
export interface PlanChanges {
  readonly retries?: number;
  readonly rounds?: number;
  readonly triggers?: Partial<Plan['triggers']>;
  readonly steps?: readonly string[];
  readonly approval?: Partial<Plan['approval']>;
  readonly watch?: Partial<Plan['watch']>;
}

/** Tau's plan, as the shipped runbook gives it, with what a case needs different. */
export function tauPlan(changes: PlanChanges = {}): Plan {
  const { remediation, triggers, approval, promotion, watch, rollback } = SHIPPED_PLAN;
  const { repeatedFailing } = triggers;
  return {
    ...SHIPPED_PLAN,
    remediation: { ...remediation, retries: changes.retries ?? remediation.retries },
    triggers: {
      ...triggers,
      repeatedFailing: { ...repeatedFailing, rounds: changes.rounds ?? repeatedFailing.rounds },
      ...changes.triggers,
    },
    approval: { ...approval, ...changes.approval },
    promotion: changes.steps?.map(plannedStep) ?? promotion,
    watch: { ...watch, ...changes.watch },
    rollback,
  };
}

function plannedStep(id: string): PlannedStep {
  return { id, deadlineMs: 120_000, repeatable: true };
}

export function passing(gate: TauGate): GateResult {
  return answered(gate, { verdict: 'pass', health: 'healthy', rolloutGate: 'pass', reasonCodes: ['ready'] });
}

/** Answered and held back, but not failing. */
export function holding(gate: TauGate, ...codes: readonly string[]): GateResult {
  const reasonCodes = [...codes, 'health_not_expected', 'gate_not_expected'];
  return answered(gate, { verdict: 'hold', health: 'degraded', rolloutGate: 'hold', reasonCodes });
}

export function failing(gate: TauGate, ...codes: readonly string[]): GateResult {
  const reasonCodes = [...codes, 'health_not_expected', 'gate_not_expected'];
  return answered(gate, {
    verdict: 'hold',
    health: 'failing',
    rolloutGate: 'hold',
    reasonCodes,
    failing: true,
  });
}

export function unreachable(gate: TauGate): GateResult {
  return notAnswered(gate, 'unreachable', 'http_timeout');
}

export function malformed(gate: TauGate): GateResult {
  return notAnswered(gate, 'malformed', 'not_json');
}

export function misconfigured(gate: TauGate): GateResult {
  return notAnswered(gate, 'misconfigured', 'http_401');
}

/** A round in which every gate passes but those given. */
export function roundOf(...different: readonly GateResult[]): GateResult[] {
  return GATES.map((id) => different.find(({ gate }) => gate === id) ?? passing(id));
}

function answered(
  gate: TauGate,
  result: Pick<GateResult, 'verdict' | 'health' | 'rolloutGate' | 'reasonCodes'> & {
    readonly failing?: boolean;
  },
): GateResult {
  return { gate, kind: 'answered', failing: false, detail: '', recommendations: [], ...result };
}

function notAnswered(
  gate: TauGate,
  kind: 'unreachable' | 'malformed' | 'misconfigured',
  code: string,
): GateResult {
  return {
    gate,
    kind,
    verdict: 'hold',
    health: 'unknown',
    rolloutGate: 'hold',
    reasonCodes: [code],
    failing: false,
    detail: `${gate}: ${code}`,
    recommendations: [],
  };
}
