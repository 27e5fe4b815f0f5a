import { admissionActivities } from './activity-options.js';

export interface AdmissionRequest {
  readonly target: string;
  readonly commit: string;
  readonly requester: string;
}

/**
 * Asks the worker, before anything is started, whether it would admit this promotion: runbook, variables, commands and
 * commit are on its side. Read-only; returns the problems, each one line.
 */
export async function admission(
  request: AdmissionRequest,
): Promise<{ readonly problems: readonly string[] }> {
  const answer = await admissionActivities.admit(request);
  return { problems: answer.admitted ? [] : answer.problems };
}
