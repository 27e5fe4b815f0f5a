/** What `promote doctor` looks at: docs/reference/doctor.md has a line for each. */
export type CheckName =
  | 'temporal-settings'
  | 'connection'
  | 'server-version'
  | 'namespace'
  | 'retention'
  | 'search-attributes'
  | 'clock'
  | 'worker'
  | 'pollers'
  | 'worker-builds'
  | 'promotions'
  | 'evidence-store'
  | 'evidence-space'
  | 'evidence-key'
  | 'tools'
  | 'runbook'
  | 'variables'
  | 'commands'
  | 'git-remote'
  | 'policy';

/** `not-checked`: it can't be told, because something else is wrong or was not to be done. */
export type FindingLevel = 'ok' | 'warning' | 'error' | 'not-checked';

/** One thing that was looked at, for people and as part of a document. It holds no secret. */
export interface DoctorFinding {
  readonly check: CheckName;
  readonly level: FindingLevel;
  /** An address, a file, a task queue, a target. */
  readonly where: string;
  readonly what: string;
  /** One line; undefined where nothing is to be done. */
  readonly todo: string | undefined;
}

export function ok(check: CheckName, where: string, what: string): DoctorFinding {
  return { check, level: 'ok', where, what, todo: undefined };
}

export function warning(check: CheckName, where: string, what: string, todo: string): DoctorFinding {
  return { check, level: 'warning', where, what, todo };
}

export function wrong(check: CheckName, where: string, what: string, todo: string): DoctorFinding {
  return { check, level: 'error', where, what, todo };
}

export function notChecked(check: CheckName, where: string, why: string): DoctorFinding {
  return { check, level: 'not-checked', where, what: `not checked: ${why}`, todo: undefined };
}
