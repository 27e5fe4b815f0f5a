import type { EvidenceStore } from '../src/adapters/evidence/store.js';
import type * as ballots from '../src/adapters/evidence/ballots.js';
import type * as journal from '../src/adapters/evidence/journal.js';
import type * as rounds from '../src/adapters/evidence/rounds.js';
import type { KnownRun, RunEvidence } from '../src/adapters/evidence/run-evidence.js';
import type * as checks from '../src/adapters/evidence/checks.js';
import type * as keptChanges from '../src/adapters/evidence/kept-changes.js';
import type * as leftBehind from '../src/adapters/evidence/left-behind.js';
import type * as pastRuns from '../src/adapters/evidence/past-runs.js';
import type * as opening from '../src/adapters/evidence/opening.js';
import type * as starts from '../src/adapters/evidence/start.js';
import type * as steps from '../src/adapters/evidence/steps.js';
import type * as seal from '../src/adapters/evidence/seal.js';
import type * as ask from '../src/adapters/gates/ask.js';
import type * as derive from '../src/adapters/gates/derive.js';
import type { Admission, AdmissionRequest } from '../src/adapters/admission.js';
import type * as samples from '../src/adapters/evidence/samples.js';
import type * as changes from '../src/adapters/steps/changes.js';
import type * as actionSteps from '../src/adapters/steps/action-steps.js';
import type * as gitSteps from '../src/adapters/steps/git-steps.js';
import type * as revertSteps from '../src/adapters/steps/revert-steps.js';
import type { byHand } from '../src/adapters/steps/by-hand.js';
import type * as repairs from '../src/adapters/steps/repair.js';
import type * as preflight from '../src/adapters/steps/preflight.js';
import type * as verification from '../src/adapters/steps/verification.js';
import type { Notifier } from '../src/adapters/notifications/notifier.js';
import type { startDeadline } from '../src/adapters/deadline.js';
import type { Asking, StepContext } from '../src/adapters/asking.js';
import type { prove } from '../src/adapters/proof.js';
import type { PolicyFinding } from '../src/adapters/signatures/finding.js';
import type { Verify } from '../src/adapters/signatures/verify.js';
import type { LoadedRunbook } from '../src/adapters/runbook/load.js';
import type * as overrides from '../src/adapters/runbook/overrides.js';

/** The outside world as the activities see it; src/wiring.ts puts it together. */
export interface Dependencies {
  readonly deployment: string;
  readonly store: EvidenceStore;
  readonly evidence: RunEvidence;
  /** The target's runbook as it stands on the worker now, resolved. */
  readonly loadRunbook: (target: string) => Promise<LoadedRunbook>;
  /** What a question of this run is asked with, and for a step that acts which one; secrets are opened here and nowhere earlier. */
  readonly asking: (
    known: KnownRun,
    signal: AbortSignal,
    step?: Pick<StepContext, 'step' | 'again'>,
  ) => Asking;
  readonly overrides: typeof overrides;
  readonly git: gitSteps.GitTools;
  readonly admit: (request: AdmissionRequest, signal: AbortSignal) => Promise<Admission>;
  readonly ballots: typeof ballots;
  readonly opening: typeof opening;
  readonly starts: typeof starts;
  readonly prove: typeof prove;
  readonly verify: Verify;
  /** What is wrong in the files of keys that a target's runbook names. */
  readonly policyFindings: (loaded: LoadedRunbook, target: string) => Promise<readonly PolicyFinding[]>;
  readonly journal: typeof journal;
  readonly rounds: typeof rounds;
  readonly samples: typeof samples;
  readonly steps: typeof steps;
  readonly checks: typeof checks;
  readonly changes: typeof changes & typeof keptChanges;
  readonly seal: typeof seal;
  /** What signs evidence. */
  readonly evidenceKey: seal.OpenKey;
  readonly pastRuns: typeof pastRuns;
  readonly leftBehind: typeof leftBehind;
  readonly gates: typeof ask & typeof derive;
  readonly actions: typeof actionSteps & typeof repairs;
  readonly gitSteps: typeof gitSteps & typeof revertSteps;
  readonly byHandOf: typeof byHand;
  readonly preflight: typeof preflight;
  readonly verification: typeof verification;
  readonly notifiers: readonly Notifier[];
  readonly startDeadline: typeof startDeadline;
  /** Removes every secret that this worker knows from a text. */
  readonly redact: (text: string) => string;
  /** Whether a text holds one of them, in any spelling. */
  readonly holdsSecret: (text: string) => boolean;
}
