import { join } from 'node:path';

import { admit, type AdmissionTools } from './adapters/admission.js';
import { startDeadline } from './adapters/deadline.js';
import * as ballots from './adapters/evidence/ballots.js';
import { createFileStore } from './adapters/evidence/file-store.js';
import * as journal from './adapters/evidence/journal.js';
import * as rounds from './adapters/evidence/rounds.js';
import { RunEvidence } from './adapters/evidence/run-evidence.js';
import * as samples from './adapters/evidence/samples.js';
import * as seal from './adapters/evidence/seal.js';
import * as ask from './adapters/gates/ask.js';
import * as derive from './adapters/gates/derive.js';
import { createGit } from './adapters/git/repository.js';
import type { Asking } from './adapters/probe.js';
import { createRedactor } from './adapters/redaction.js';
import { loadRunbook, readRunbook, type LoadedRunbook } from './adapters/runbook/load.js';
import { openSecrets } from './adapters/runbook/variables.js';
import * as commandSteps from './adapters/steps/command-steps.js';
import * as gitSteps from './adapters/steps/git-steps.js';
import * as requirements from './adapters/steps/requirements.js';
import { validate, type ValidationRequest, type ValidationReport } from './adapters/validation.js';
import type { Config } from './config.js';

export type { ValidationReport, ValidationRequest } from './adapters/validation.js';

/** The one place where adapters are chosen: what a worker's activities and the commands without Temporal stand on. */
export function createWiring(config: Config) {
  const sources = { set: {}, environment: config.environment };
  const store = createFileStore(config.evidenceDir);
  const evidence = new RunEvidence(store);
  const git = {
    git: createGit({ mirrorsDir: join(config.dataDir, 'mirrors'), env: config.environment }),
    evidence,
  };
  const load = (target: string): Promise<LoadedRunbook> =>
    loadRunbook(config.runbookFor(target), sources, 'all', config.workingDirectory);
  const secretsOf = ({ runbook }: LoadedRunbook): Readonly<Record<string, string>> =>
    openSecrets(runbook, sources);
  const asking = (loaded: LoadedRunbook, signal: AbortSignal): Asking => ({
    secrets: secretsOf(loaded),
    environment: config.environment,
    signal,
  });
  const tools: AdmissionTools = {
    ...git,
    deployment: config.deployment,
    loadRunbook: load,
    environment: config.environment,
    secretsOf,
  };
  return {
    dependencies: {
      deployment: config.deployment,
      store,
      evidence,
      loadRunbook: load,
      asking,
      git,
      admit: (request: Parameters<typeof admit>[1], signal: AbortSignal) => admit(tools, request, signal),
      ballots,
      journal,
      rounds,
      samples,
      seal,
      gates: { ...ask, ...derive },
      commands: commandSteps,
      gitSteps,
      requirements,
      startDeadline,
      redact: (text: string): string => createRedactor(knownSecrets(config.environment))(text).text,
    },
    /** All gates now, with evidence, without Temporal. */
    validate: (request: ValidationRequest): Promise<ValidationReport> =>
      validate({ store, evidence, config }, request),
    /** @throws InputError with every problem of the file, each with file:line:column */
    checkRunbook: async (file: string): Promise<void> => {
      await readRunbook(file);
    },
  };
}

export type Wiring = ReturnType<typeof createWiring>;

/** Whatever the environment calls a token, secret, password or key, so that no error message carries it. */
function knownSecrets(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (/TOKEN|SECRET|PASSWORD|API_?KEY/.test(name) && value !== undefined && value.length >= 8)
      secrets[name] = value;
  return secrets;
}
