import { join } from 'node:path';

import { admit, type AdmissionTools } from './adapters/admission.js';
import { enrol, type Enrolled, type Enrolment } from './adapters/attestation/enrol.js';
import { openKeyFile } from './adapters/attestation/key-file.js';
import { readOfferedKey, type OfferedKey } from './adapters/attestation/public-key-text.js';
import { publicKeyPem } from './adapters/attestation/signing-key.js';
import { startDeadline } from './adapters/deadline.js';
import * as ballots from './adapters/evidence/ballots.js';
import { createFileStore } from './adapters/evidence/file-store.js';
import { observedStore, type EvidenceWrite } from './adapters/evidence/observed-store.js';
import * as journal from './adapters/evidence/journal.js';
import * as rounds from './adapters/evidence/rounds.js';
import { RunEvidence, type KnownRun } from './adapters/evidence/run-evidence.js';
import * as keptChanges from './adapters/evidence/kept-changes.js';
import * as opening from './adapters/evidence/opening.js';
import * as starts from './adapters/evidence/start.js';
import * as leftBehind from './adapters/evidence/left-behind.js';
import * as pastRuns from './adapters/evidence/past-runs.js';
import * as checks from './adapters/evidence/checks.js';
import * as samples from './adapters/evidence/samples.js';
import * as seal from './adapters/evidence/seal.js';
import * as steps from './adapters/evidence/steps.js';
import * as ask from './adapters/gates/ask.js';
import * as derive from './adapters/gates/derive.js';
import { createGit } from './adapters/git/repository.js';
import type { Asking, StepContext } from './adapters/asking.js';
import { prove } from './adapters/proof.js';
import type { PolicyFinding } from './adapters/signatures/finding.js';
import { policyLines } from './adapters/signatures/policy-lines.js';
import { createVerifier } from './adapters/signatures/verify.js';
import { createKnownSecrets } from './adapters/known-secrets.js';
import { createSessions } from './adapters/sessions.js';
import { loadRunbook, type LoadedRunbook } from './adapters/runbook/load.js';
import { policyFindings } from './adapters/runbook/policy.js';
import { readRunbook } from './adapters/runbook/read.js';
import * as overrides from './adapters/runbook/overrides.js';
import { refuseUnknownVariables, resolveRunbook } from './adapters/runbook/resolve.js';
import { showRunbook, type ShownRunbook } from './adapters/runbook/show.js';
import { openSecrets } from './adapters/runbook/variables.js';
import * as actionSteps from './adapters/steps/action-steps.js';
import * as changes from './adapters/steps/changes.js';
import * as gitSteps from './adapters/steps/git-steps.js';
import * as revertSteps from './adapters/steps/revert-steps.js';
import { byHand } from './adapters/steps/by-hand.js';
import * as repairs from './adapters/steps/repair.js';
import * as preflight from './adapters/steps/preflight.js';
import * as verification from './adapters/steps/verification.js';
import { createNotifiers } from './adapters/notifications/notifier.js';
import { validate, type ValidationRequest, type ValidationReport } from './adapters/validation.js';
import type { Config } from './config.js';

export { signStatement } from './adapters/signatures/sign.js';
export type { EvidenceWrite } from './adapters/evidence/observed-store.js';
export type { ShownRunbook, ShownValue, ShownVariable } from './adapters/runbook/show.js';
export type { ValidationReport, ValidationRequest } from './adapters/validation.js';

export interface CheckedPolicy {
  readonly findings: readonly PolicyFinding[];
  /** The same for people. */
  readonly lines: readonly string[];
  readonly policy: string;
  readonly protected: boolean;
  /** It names files of keys. */
  readonly signed: boolean;
}

/** The public half of the key that signs this deployment's evidence. */
export interface EvidenceKey {
  readonly keyid: string;
  /** SPKI DER in base64, and as PEM. */
  readonly publicKey: string;
  readonly pem: string;
  readonly file: string;
  readonly created: boolean;
}

/** Removes the secrets of this environment from a text: the variables that are named like one. */
export function redactorOf(environment: Config['environment']): (text: string) => string {
  return createKnownSecrets(environment).redact;
}

/** Whether a text holds a secret of this environment: a variable that is named like one. */
export function holdsSecret(environment: Config['environment'], text: string): boolean {
  return createKnownSecrets(environment).holds(text);
}

/**
 * The one place where adapters are chosen: what a worker's activities and the commands without Temporal stand on.
 *
 * @param set variables of the runbook as a rehearsal's command line gives them; a worker for real targets has none
 * @param onWrite is told of every write into the evidence
 */
export function createWiring(
  config: Config,
  set: Readonly<Record<string, string>> = {},
  onWrite: (write: EvidenceWrite) => void = () => undefined,
) {
  const sources = { set, environment: config.environment };
  const store = observedStore(createFileStore(config.evidenceDir), onWrite);
  const evidence = new RunEvidence(store);
  const secrets = createKnownSecrets(config.environment);
  const sessions = createSessions(secrets.remember);
  const load = (target: string): Promise<LoadedRunbook> =>
    loadRunbook(config.runbookFor(target), sources, 'all', config.workingDirectory);
  const secretsOf = ({ runbook }: LoadedRunbook): Readonly<Record<string, string>> =>
    openSecrets(runbook, sources);
  const opened = (loaded: LoadedRunbook): Readonly<Record<string, string>> => {
    const values = secretsOf(loaded);
    secrets.remember(values);
    return values;
  };
  const git = {
    git: createGit({ mirrorsDir: join(config.dataDir, 'mirrors'), env: config.environment }),
    evidence,
    secretsOf: opened,
    unrecorded: new Map<string, readonly string[]>(),
  };
  const asking = (
    { loaded, record }: KnownRun,
    signal: AbortSignal,
    step?: Pick<StepContext, 'step' | 'again'>,
  ): Asking => {
    return {
      secrets: opened(loaded),
      environment: config.environment,
      signal,
      commit: record.commit,
      sessions,
      step: step === undefined ? undefined : { record, ...step },
    };
  };
  const notifiers = createNotifiers(config.notifications, config.environment, secrets.remember);
  const sshKeygen = { searchPath: config.environment['PATH'] ?? '' };
  const verify = createVerifier(sshKeygen);
  const faultsOf = (loaded: LoadedRunbook, target: string): Promise<readonly PolicyFinding[]> =>
    policyFindings(loaded, config.runbookFor(target), Date.now(), sshKeygen);
  const tools: AdmissionTools = {
    ...git,
    verify,
    policyFindings: faultsOf,
    deployment: config.deployment,
    loadRunbook: load,
    environment: config.environment,
    holdsSecret: secrets.holds,
    notifiers: notifiers.map(({ name, events }) => ({ name, events })),
  };
  return {
    dependencies: {
      deployment: config.deployment,
      store,
      evidence,
      loadRunbook: load,
      asking,
      overrides,
      git,
      admit: (request: Parameters<typeof admit>[1], signal: AbortSignal) => admit(tools, request, signal),
      ballots,
      opening,
      starts,
      prove,
      verify,
      policyFindings: faultsOf,
      journal,
      rounds,
      samples,
      steps,
      checks,
      changes: { ...changes, ...keptChanges },
      seal,
      evidenceKey: async () => (await openKeyFile(config.evidenceKeyFile)).key,
      pastRuns,
      leftBehind,
      gates: { ...ask, ...derive },
      actions: { ...actionSteps, ...repairs },
      gitSteps: { ...gitSteps, ...revertSteps },
      byHandOf: byHand,
      preflight,
      verification,
      startDeadline,
      notifiers,
      redact: secrets.redact,
      holdsSecret: secrets.holds,
    },
    /** All gates now, with evidence, without Temporal. */
    validate: (request: ValidationRequest): Promise<ValidationReport> =>
      validate({ store, evidence, config }, request),
    /** @throws InputError with every problem of the file, each with file:line:column, and for a variable that it has not */
    checkRunbook: async (file: string): Promise<void> => {
      refuseUnknownVariables((await readRunbook(file)).runbook, set);
    },
    /**
     * What is wrong in the files of keys beside a runbook, as of now; none where it names none.
     * @throws InputError for a runbook or a file that can't be read; SignatureError where ssh-keygen can't be asked
     */
    checkPolicy: async (file: string): Promise<CheckedPolicy> => {
      const written = await readRunbook(file);
      refuseUnknownVariables(written.runbook, set);
      const loaded = await resolveRunbook(written, sources, 'all', config.workingDirectory);
      const findings = await policyFindings(loaded, file, Date.now(), sshKeygen);
      const { roles } = loaded.plan.approval;
      return {
        findings,
        lines: policyLines(findings),
        policy: loaded.policy,
        protected: roles?.protected === true,
        signed: loaded.signers !== undefined,
      };
    },
    /**
     * The key that signs this deployment's evidence, made where there is none.
     * @throws AttestationError where somebody else could have read it or put it there
     */
    evidenceKey: async (): Promise<EvidenceKey> => {
      const file = config.evidenceKeyFile;
      const { key, outcome } = await openKeyFile(file);
      const { keyid, publicKey } = key;
      return { keyid, publicKey, pem: publicKeyPem(publicKey), file, created: outcome === 'created' };
    },
    /** @throws InputError where the text holds not exactly one public key */
    offeredKey: (text: string, file: string): OfferedKey => readOfferedKey(text, file),
    /** @throws InputError for a file that can't be read or written, and for an entry that stands otherwise */
    enrolKey: (file: string, publicKey: string, enrolment: Enrolment): Promise<Enrolled> =>
      enrol(file, publicKey, enrolment, Date.now()),
    /**
     * A runbook's values, each with its origin. Resolved, it is what a promotion would be bound to.
     * @throws InputError also, where it is resolved, for a variable without a value
     */
    showRunbook: async (file: string, resolved: boolean): Promise<ShownRunbook> => {
      const written = await readRunbook(file);
      refuseUnknownVariables(written.runbook, set);
      const loaded = resolved
        ? await resolveRunbook(written, sources, 'all', config.workingDirectory)
        : undefined;
      return showRunbook(written, sources, loaded);
    },
  };
}
