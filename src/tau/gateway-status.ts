import { z } from 'zod';
import type { NotAnswered, Observation } from '../domain/observation.js';
import { answered, isJsonObject, malformed, malformedBy } from './answer.js';
import { codesField, gateField, healthField, textField } from './fields.js';
import { present } from './present.js';
import type { DerivedReasonCode } from './reason-code-tables.js';
import type { Statement } from './statement.js';

const SURFACE = 'gateway status';

const Section = z.object({
  health_state: healthField,
  rollout_gate: gateField,
  guardrail_gate: gateField,
  rollout_reason_code: textField,
  reason_code: textField,
  guardrail_reason_code: textField,
  last_reason_codes: codesField,
});
const Service = Section.extend({ service_status: textField, service_last_stop_reason: textField });

/** The sections of the contract, beside the service and the top level; where present they must be objects. */
const KNOWN_SECTIONS = ['events', 'multi_channel'];
/** Any other object of the answer that carries one of these is a section too. */
const POSTURE_FIELDS = ['health_state', 'rollout_gate', 'guardrail_gate'];

/**
 * `GET /gateway/status`. The validator reads the first health and the first gate that it finds; this reads every one,
 * "and holds if any holds" (docs/reference/tau.md, "Misleading passes"). The service stands first, then the top level,
 * then the sections. One that the contract does not know can hold, but an answer of such sections alone is no answer.
 */
export function readGatewayStatus(body: unknown): Observation {
  if (!isJsonObject(body)) return malformed(SURFACE, [], 'expected an object');
  const service = Service.optional().safeParse(present(body['service']));
  if (!service.success) return malformedBy(SURFACE, service.error, ['service']);
  const sections = Object.entries(body).filter(([, value]) => present(value) !== undefined);
  const known = readSections([['', body], ...sections.filter(([name]) => KNOWN_SECTIONS.includes(name))]);
  if ('kind' in known) return known;
  const unknown = readSections(sections.filter(([name, value]) => isUnknownSection(name, value)));
  if ('kind' in unknown) return unknown;

  const said = [...(service.data === undefined ? [] : statementsOfService(service.data)), ...known];
  if (said.every(({ gate }) => gate === undefined)) return malformed(SURFACE, [], 'no rollout_gate in it');
  if (said.every(({ health }) => health === undefined))
    return malformed(SURFACE, [], 'no health_state in it');
  return answered([...said, ...unknown]);
}

/** The first section that is outside the contract ends the reading. The top level goes by an empty name. */
function readSections(sections: readonly (readonly [string, unknown])[]): readonly Statement[] | NotAnswered {
  const statements: Statement[] = [];
  for (const [name, value] of sections) {
    const section = Section.safeParse(value);
    if (!section.success) return malformedBy(SURFACE, section.error, name === '' ? [] : [name]);
    statements.push(...statementsOf(section.data));
  }
  return statements;
}

function isUnknownSection(name: string, value: unknown): boolean {
  if (name === 'service' || KNOWN_SECTIONS.includes(name)) return false;
  return isJsonObject(value) && POSTURE_FIELDS.some((field) => Object.hasOwn(value, field));
}

/** The guardrail's gate stands beside the rollout's with a reason of its own: only the one that holds is named. */
function statementsOf(section: z.infer<typeof Section>): readonly Statement[] {
  const { guardrail_gate: guardrail, last_reason_codes: last = [] } = section;
  const guardrailCodes = listed(section.guardrail_reason_code);
  const rollout: Statement = {
    health: section.health_state,
    gate: section.rollout_gate,
    codes: [
      ...listed(section.rollout_reason_code, section.reason_code),
      ...last,
      ...(guardrail === undefined ? guardrailCodes : []),
    ],
  };
  return guardrail === undefined
    ? [rollout]
    : [rollout, { health: undefined, gate: guardrail, codes: guardrailCodes }];
}

/**
 * A running service counts as healthy where nothing else says a health. One that does not run holds, whatever its gates
 * say; one that a rollback stopped is named: "to start it would undo the rollback" (docs/reference/tau.md, "Gateway
 * status").
 */
function statementsOfService(service: z.infer<typeof Service>): readonly Statement[] {
  const said = statementsOf(service);
  const { service_status: status, service_last_stop_reason: stopReason } = service;
  if (status === undefined) return said;
  if (status === 'running') return [...said, { health: 'healthy', gate: undefined, codes: [] }];
  const saysSo = said.some(
    ({ gate, codes }) => gate === 'hold' && codes.some((code) => code.startsWith('service_')),
  );
  const codes: readonly DerivedReasonCode[] = [
    ...(saysSo ? [] : (['service_not_running'] as const)),
    ...(stopReason === 'emergency_rollback' ? (['stopped_by_emergency_rollback'] as const) : []),
  ];
  // First, so that no long list of other codes can push out why it must not be started.
  return [{ health: undefined, gate: 'hold', codes }, ...said];
}

function listed(...codes: readonly (string | undefined)[]): readonly string[] {
  return codes.filter((code) => code !== undefined);
}
