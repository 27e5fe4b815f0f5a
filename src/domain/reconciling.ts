/** What `reconcile` is asked to look after. */
export interface ReconcileRequest {
  /** This target alone. */
  readonly target?: string;
  /** This run also where Temporal knows nothing of it any more; a person vouches that it has ended. */
  readonly run?: string;
  /** Says what it would do, and does nothing. */
  readonly dryRun: boolean;
  readonly requester: string;
  readonly reason: string;
}

/** A run whose evidence has no end, and what became of its workflow. */
export interface FoundRun {
  readonly run: string;
  readonly target: string;
  readonly commit: string;
  readonly requester: string;
  readonly folder: string;
  /** It may have changed the target. */
  readonly touched: boolean;
  /** The workflow ID that is its lock. */
  readonly workflowId: string;
  /**
   * `ended`: its workflow was terminated, failed or timed out. `unknown`: Temporal knows nothing of it, or says that it ended
   * by itself, or others of its target came after it: nobody can say here whether the target is left half promoted.
   */
  readonly workflow: 'open' | 'ended' | 'unknown';
}

export type ReconcileAction =
  | 'rolls-back'
  | 'abandons'
  /** Another workflow has the target's lock: that one is in charge. */
  | 'locked'
  /** Left alone: a person has to say that its workflow has ended. */
  | 'unknown';

export interface Reconciled {
  readonly run: string;
  readonly target: string;
  readonly commit: string;
  readonly action: ReconcileAction;
}

export interface ReconcileAnswer {
  readonly dryRun: boolean;
  readonly runs: readonly Reconciled[];
  /** Evidence folders that can't be read: what was left behind there is not known. */
  readonly unreadable: readonly string[];
}

/** What is done with a run that was found; undefined where its own workflow still has it. Never a guess. */
export function actionFor(
  { workflow, touched, run }: Pick<FoundRun, 'workflow' | 'touched' | 'run'>,
  vouchedFor: string | undefined,
): Exclude<ReconcileAction, 'locked'> | undefined {
  switch (workflow) {
    case 'open':
      return undefined;
    case 'ended':
      return touched ? 'rolls-back' : 'abandons';
    case 'unknown':
      if (run === vouchedFor) return touched ? 'rolls-back' : 'abandons';
      // What changed nothing harms nobody, and blocks no start.
      return touched ? 'unknown' : undefined;
    default:
      return workflow satisfies never;
  }
}

/** What may be half promoted goes first. */
export function inOrder(found: readonly FoundRun[]): readonly FoundRun[] {
  return [...found.filter(({ touched }) => touched), ...found.filter(({ touched }) => !touched)];
}
