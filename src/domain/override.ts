import type { Plan } from './plan.js';
import { HEALTHS, ROLLOUT_GATES, type Health, type RolloutGate } from './posture.js';
import { READINESS_PARTS, type ReadinessPartName } from './readiness-parts.js';
import type { Expectation, Verdict } from './verdict.js';

/** What somebody asks to expect of a gate instead of what the runbook expects; what is null stays the runbook's. */
export interface ExpectationOverride {
  /** A gate's id, or a part of the runbook's readiness gate as `readiness:gateway`. */
  readonly gate: string;
  readonly health: Health | null;
  readonly rolloutGate: RolloutGate | null;
}

/** What is expected of a gate in one run instead of what its runbook expects. */
export interface GateOverride {
  readonly gate: string;
  readonly expect: Expectation;
}

export function partAlias(part: ReadinessPartName): string {
  return `readiness:${part}`;
}

/** What a runbook says of a gate, as far as overriding it goes. */
export interface OverridableGate {
  readonly id: string;
  readonly expect: Expectation;
  readonly readiness?: Readonly<Record<ReadinessPartName, string>> | undefined;
}

export type Overridden =
  | { readonly ok: true; readonly overrides: readonly GateOverride[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * The expectations that differ from the runbook's. An override that says what the runbook says is none.
 *
 * @param allowed gates that may be overridden; `all` for a validation, which promotes nothing
 * @returns every problem as one line, where one of them can't be taken: then none is
 */
export function resolveOverrides(
  gates: readonly OverridableGate[],
  asked: readonly ExpectationOverride[],
  allowed: readonly string[] | 'all',
): Overridden {
  const overrides: GateOverride[] = [];
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { gate: name, health, rolloutGate } of asked) {
    const gate = gateNamed(gates, name);
    if (gate === undefined) {
      problems.push(unknownGate(gates, name));
      continue;
    }
    const expect = { health: health ?? gate.expect.health, gate: rolloutGate ?? gate.expect.gate };
    const same = expect.health === gate.expect.health && expect.gate === gate.expect.gate;
    const problem = seen.has(gate.id)
      ? `what to expect of ${gate.id} is said twice: say it once`
      : same
        ? undefined
        : refusal(gate, expect, allowed);
    seen.add(gate.id);
    if (problem !== undefined) problems.push(problem);
    else if (!same) overrides.push({ gate: gate.id, expect });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, overrides };
}

function gateNamed(gates: readonly OverridableGate[], name: string): OverridableGate | undefined {
  const part = partNamed(name);
  const [readiness, ...others] = gates.flatMap((gate) => gate.readiness ?? []);
  const id = part === undefined ? name : others.length > 0 ? undefined : readiness?.[part];
  return gates.find((gate) => gate.id === id);
}

function partNamed(name: string): ReadinessPartName | undefined {
  return READINESS_PARTS.find((part) => partAlias(part) === name);
}

function unknownGate(gates: readonly OverridableGate[], name: string): string {
  const part = partNamed(name);
  if (part !== undefined)
    return `--expect-${part}-…: the runbook has no one readiness gate with this part: use --expect GATE=HEALTH/GATE`;
  const known = gates.filter(({ readiness }) => readiness === undefined).map(({ id }) => id);
  return `--expect ${JSON.stringify(name.slice(0, 64))}: the runbook has no such gate: one of ${known.join(', ')}`;
}

function refusal(
  { id, readiness }: OverridableGate,
  expect: Expectation,
  allowed: readonly string[] | 'all',
): string | undefined {
  if (readiness !== undefined) return `${id} is derived: override the gates that it is derived from`;
  // "No data is never a pass", whoever asks for it.
  if (expect.health === 'unknown') return `unknown can't be expected of ${id}: no data is never a pass`;
  if (allowed === 'all' || allowed.includes(id)) return undefined;
  const names = allowed.length === 0 ? 'no gate' : allowed.join(', ');
  return `${expectationText(expect)} can't be expected of ${id} in a promotion: the runbook's key overridable names ${names}`;
}

/** `failing/hold`. */
export function expectationText({ health, gate }: Expectation): string {
  return `${health}/${gate}`;
}

/** `operator-summary expected failing/hold`. */
export function overrideText({ gate, expect }: GateOverride): string {
  return `${gate} expected ${expectationText(expect)}`;
}

/** The same overrides asked of another reading of the runbook. */
export function asAsked(overrides: readonly GateOverride[]): readonly ExpectationOverride[] {
  return overrides.map(({ gate, expect }) => ({ gate, health: expect.health, rolloutGate: expect.gate }));
}

export function overrideOf(overrides: readonly GateOverride[], id: string): Expectation | undefined {
  return overrides.find(({ gate }) => gate === id)?.expect;
}

/** What a plan expects otherwise than its runbook. */
export function overridesOf({ gates }: Plan): readonly GateOverride[] {
  return gates.flatMap(({ id, override }) =>
    override === undefined ? [] : [{ gate: id, expect: override }],
  );
}

/** Gates whose pass is not earned: what is overridden, and what is derived from it. */
export function overriddenGates(plan: Plan): readonly string[] {
  const overridden = overridesOf(plan).map(({ gate }) => gate);
  const derived = plan.gates.filter(({ derivedFrom }) => derivedFrom.some((id) => overridden.includes(id)));
  return [...overridden, ...derived.map(({ id }) => id)];
}

/** Whether a gate's result lets the promotion go on. `overridden` does only where this plan overrides the gate. */
export function letsGoOn(plan: Plan, gate: string, verdict: Verdict | undefined): boolean {
  return verdict === 'pass' || (verdict === 'overridden' && overriddenGates(plan).includes(gate));
}

/** What comes from outside: undefined where it is no override. */
export function parseOverride(value: unknown): ExpectationOverride | undefined {
  if (typeof value !== 'object' || value === null || !('gate' in value) || typeof value.gate !== 'string')
    return undefined;
  const health = 'health' in value ? wordOf(HEALTHS, value.health) : undefined;
  const rolloutGate = 'rolloutGate' in value ? wordOf(ROLLOUT_GATES, value.rolloutGate) : undefined;
  if (health === undefined || rolloutGate === undefined || value.gate.length > 64) return undefined;
  return { gate: value.gate, health, rolloutGate };
}

function wordOf<Word extends string>(words: readonly Word[], value: unknown): Word | null | undefined {
  return value === null ? null : words.find((word) => word === value);
}
