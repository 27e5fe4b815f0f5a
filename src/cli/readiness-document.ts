import type { AskedReadiness, AskedSurface, ReadinessRequest } from '../readiness-wiring.js';
import { isReady, type ReadinessPart } from '../tau/readiness.js';

/** The one document of `--json`, and `readiness.json` of the evidence: docs/reference/command-line.md. */
export function readinessDocument(
  asked: AskedReadiness,
  { expectations, operator, timeoutMs }: ReadinessRequest,
  shown: { readonly operatorCommand: string },
): object {
  const { result, surfaces, deployment, overridden, durationMs } = asked;
  return {
    v: 1,
    passed: isReady(result),
    overridden,
    baseUrl: result.baseUrl,
    authMode: result.authMode,
    operatorCommand: shown.operatorCommand,
    workingDirectory: operator.workingDirectory,
    timeoutMs,
    durationMs,
    problems: result.parts.flatMap(({ problems }) => problems),
    surfaces: result.parts.map((part, at) => ({
      surface: part.surface,
      ...posture(part),
      expected: expectations[part.surface],
      problems: part.problems,
      ...timing(surfaces[at]),
    })),
    // Asked for the evidence alone; the verdict does not depend on it.
    deployment: deployment.map((surface) => ({
      surface: surface.id,
      kind: surface.answer.answered ? 'answered' : surface.answer.kind,
      code: surface.answer.answered ? null : surface.answer.code,
      ...timing(surface),
    })),
  };
}

function posture({ outcome }: ReadinessPart): object {
  if (outcome.kind === 'answered') {
    const { kind, health, gate, reasons } = outcome;
    return { kind, health, gate, reasonCodes: reasons, code: null, detail: null };
  }
  const { kind, code, detail } = outcome;
  return { kind, health: null, gate: null, reasonCodes: [], code, detail };
}

function timing(surface: AskedSurface | undefined): object {
  const status = surface?.probed.status ?? null;
  return { status, askedAt: surface?.askedAt ?? null, durationMs: surface?.durationMs ?? null };
}
