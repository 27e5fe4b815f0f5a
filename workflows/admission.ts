import type { ExpectationOverride } from '../src/domain/override.js';
import type { StartBinding } from '../src/domain/messages.js';
import { admissionActivities } from './activity-options.js';

export interface AdmissionRequest {
  readonly target: string;
  readonly commit: string;
  readonly requester: string;
  readonly reason: string;
  readonly again: boolean;
  readonly overrides?: readonly ExpectationOverride[] | undefined;
}

export interface AdmissionAnswer {
  /** Each one line; none where it would be admitted. */
  readonly problems: readonly string[];
  /** The run that the target was last left rolled back by. */
  readonly rolledBack: { readonly run: string; readonly commit: string; readonly end: string } | null;
  /** Commands that start again what that rollback stopped. */
  readonly bringBack: readonly string[];
  /** What a request to start names beside its own; null where it would not be admitted. */
  readonly binds: StartBinding | null;
}

/**
 * Asks the worker, before anything is started, whether it would admit this promotion: runbook, variables, commands,
 * commit and what the target remembers are on its side. Read-only.
 */
export async function admission(request: AdmissionRequest): Promise<AdmissionAnswer> {
  const answer = await admissionActivities.admit(request);
  if (!answer.admitted) return { problems: answer.problems, rolledBack: null, bringBack: [], binds: null };
  const { rolledBack, bringBack, deployment, runbook, previous, plan } = answer;
  const binds = {
    deployment,
    runbook,
    previous: previous?.manifest ?? null,
    protected: plan.approval.roles?.protected === true,
  };
  return { problems: [], rolledBack, bringBack, binds };
}
