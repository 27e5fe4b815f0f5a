/** What a person needs to know of a reason code. */
export interface ReasonCodeEntry {
  /** One sentence without its end: what was seen. */
  readonly means: string;
  /** One sentence without its end: what to do; empty where there is nothing to do. */
  readonly todo: string;
  /**
   * Whether remediation can help: the id of the shipped runbook's repair, `manual` for a person in the time that the
   * runbook gives, undefined where nothing that is done within the promotion can.
   */
  readonly repair: string | undefined;
  /** Whose it is: `promote`, or a surface of the system. */
  readonly owner: string;
}

/** A code of ours that remediation can't help with. */
export function told(means: string, todo: string): ReasonCodeEntry {
  return { means, todo, repair: undefined, owner: 'promote' };
}

/** A code of ours that says what is wrong with the system, or between it and us: a person can repair it. */
export function repairable(means: string, todo: string): ReasonCodeEntry {
  return { means, todo, repair: 'manual', owner: 'promote' };
}
