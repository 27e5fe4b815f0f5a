/** What is different from the target's last promotion, for those who decide; bounded, it goes into Temporal's history. */
export interface Changes {
  readonly v: 1;
  /** The newest run of the target that ended promoted; null where there is none. */
  readonly since: { readonly run: string; readonly commit: string; readonly promotedAt: string } | null;
  /** What the commits are told against; null where they can't be told. */
  readonly base: { readonly kind: 'promotion' | 'branch'; readonly commit: string } | null;
  /** What the commit has and the base has not; newest first. */
  readonly commits: readonly { readonly hash: string; readonly subject: string }[];
  readonly moreCommits: number;
  /** How many commits the base has and the commit has not: promoting takes them out. */
  readonly leftOut: number;
  readonly commitsProblem: string | null;
  readonly runbook: {
    readonly was: string | null;
    readonly paths: readonly {
      readonly path: string;
      readonly before: string | null;
      readonly after: string | null;
    }[];
    readonly morePaths: number;
  };
}
