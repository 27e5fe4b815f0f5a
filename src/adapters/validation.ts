import { randomBytes } from 'node:crypto';

import type { GateOutcome } from '../contracts/gate-outcome.js';
import type { EvidenceStore } from './evidence/store.js';
import { readAnswer, readOutcome, recordGate } from './evidence/rounds.js';
import { folderName, type RunEvidence } from './evidence/run-evidence.js';
import { SPELLED_OUT } from './admission.js';
import { askGate } from './gates/ask.js';
import { deriveGate } from './gates/derive.js';
import { letsGoOn, type ExpectationOverride, type GateOverride } from '../domain/override.js';
import { createKnownSecrets } from './known-secrets.js';
import { createRedactor, RedactionError } from './redaction.js';
import { InputError } from '../contracts/input-error.js';
import { loadRunbook, type LoadedRunbook } from './runbook/load.js';
import { withOverrides } from './runbook/overrides.js';
import { openSecrets } from './runbook/variables.js';
import { createSessions } from './sessions.js';
import { commandProblem } from './steps/requirements.js';
import { runRepair } from './steps/action-steps.js';

export interface ValidationRequest {
  readonly runbookFile: string;
  /** `--set NAME=VALUE`; first before the environment. */
  readonly set: Readonly<Record<string, string>>;
  /** What a gate that asks about the commit to promote asks about; undefined: such a gate is misconfigured. */
  readonly commit: string | undefined;
  /** Nothing is promoted, so every gate may be expected otherwise. */
  readonly overrides?: readonly ExpectationOverride[];
  readonly signal: AbortSignal;
  /** Called as each gate's answer is kept. */
  readonly onGate: (outcome: GateOutcome) => void;
}

export interface ValidationReport {
  /** The evidence folder, as a person finds it. */
  readonly evidence: string;
  readonly gates: readonly GateOutcome[];
  readonly passed: boolean;
  /** Expectations that differed from the runbook's. */
  readonly overrides: readonly GateOverride[];
  /** From the first question to the last record, ms. */
  readonly roundMs: number;
  /** Prerequisites that did not run, each one line. */
  readonly problems: readonly string[];
}

export interface ValidationTools {
  readonly store: EvidenceStore;
  readonly evidence: RunEvidence;
  readonly config: {
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly workingDirectory: string;
  };
}

/**
 * One round of all gates, now: the go/no-go question without a promotion, for incident recovery. Writes one evidence
 * folder; changes nothing else.
 *
 * @throws InputError before anything is asked or written: a bad runbook, a missing variable, a command that is not there
 */
export async function validate(
  { store, evidence, config }: ValidationTools,
  request: ValidationRequest,
): Promise<ValidationReport> {
  const sources = { set: request.set, environment: config.environment };
  const loaded = withOverrides(
    await loadRunbook(request.runbookFile, sources, 'gates', config.workingDirectory),
    request.overrides ?? [],
    'not-needed',
  );
  const secrets = openSecrets(loaded.runbook, sources);
  refuseSecrets(loaded, secrets, config.environment);
  await refuseMissing(loaded, config.environment);
  const { signal, commit } = request;
  const asking = { secrets, environment: config.environment, signal, commit, sessions: createSessions() };
  const problems = await prerequisiteProblems(loaded, asking);
  const openedAt = new Date().toISOString();
  const run = `${openedAt.replaceAll(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`;
  const folder = folderName(openedAt, 'validate', run);
  await store.put(folder, 'runbook.json', loaded.bytes);
  const keep = async (asked: Awaited<ReturnType<typeof askGate>>): Promise<GateOutcome> => {
    const outcome = await recordGate(evidence, folder, ROUND, asked, 1);
    request.onGate(outcome);
    return outcome;
  };
  const began = performance.now();
  const asks = loaded.plan.gates.filter(({ derivedFrom }) => derivedFrom.length === 0);
  const asked = await Promise.all(asks.map(async ({ id }) => keep(await askGate(loaded, id, asking))));
  const derived: GateOutcome[] = [];
  for (const { id, derivedFrom } of loaded.plan.gates) {
    if (derivedFrom.length === 0) continue;
    const derivation = await deriveGate(loaded, id, async (gate) => {
      const outcome = await readOutcome(evidence, folder, ROUND, gate);
      return outcome === undefined
        ? undefined
        : { outcome, body: await readAnswer(evidence, folder, outcome) };
    });
    derived.push(await keep(derivation));
  }
  const gates = loaded.plan.gates.flatMap(({ id }) =>
    [...asked, ...derived].filter(({ gate }) => gate === id),
  );
  const roundMs = Math.round(performance.now() - began);
  const passed =
    problems.length === 0 && gates.every(({ gate, verdict }) => letsGoOn(loaded.plan, gate, verdict));
  return { evidence: store.locate(folder), gates, passed, overrides: loaded.overrides, roundMs, problems };
}

const ROUND = 'validation-1';

/** Those that can't be kept out of texts, and a runbook that spells one out: it is kept in the evidence as it is. */
function refuseSecrets(
  { bytes }: LoadedRunbook,
  secrets: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  try {
    createRedactor(secrets);
  } catch (cause) {
    if (cause instanceof RedactionError)
      throw new InputError('missing_variable', [`secret ${cause.message}`], { cause });
    throw cause;
  }
  const known = createKnownSecrets(environment);
  known.remember(secrets);
  if (known.holds(Buffer.from(bytes).toString('utf8'))) throw new InputError('bad_usage', [SPELLED_OUT]);
}

async function refuseMissing(
  loaded: LoadedRunbook,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const { command } of [...loaded.runbook.prerequisites, ...loaded.runbook.gates]) {
    const problem = command === undefined ? undefined : await commandProblem(command, environment);
    if (problem !== undefined) throw new InputError('bad_usage', [problem]);
  }
}

async function prerequisiteProblems(
  loaded: LoadedRunbook,
  asking: Parameters<typeof runRepair>[1],
): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const prerequisite of loaded.runbook.prerequisites) {
    const { code, detail } = await runRepair(prerequisite, asking);
    if (code !== 'done') problems.push(`${prerequisite.id}: ${code}: ${detail}`);
  }
  return problems;
}
