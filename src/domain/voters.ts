/** A principal that a key stands for: a line of the policy, or a vote that was cast with it. */
export interface Edge {
  readonly principal: string;
  /** `SHA256:…` of the plain key. */
  readonly fingerprint: string;
}

/**
 * Who is the same voter: the connected components of the graph between principals and keys. One key under two principals, or
 * two keys of one, is one voter, over any number of steps.
 *
 * @param edges of the whole policy and of all votes
 * @returns for a principal the smallest one of its component, by code units; itself where no edge names it
 */
export function voterGroups(edges: readonly Edge[]): (principal: string) => string {
  const parents = new Map<string, string>();
  const rootOf = (principal: string): string => {
    let root = principal;
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent;
    return root;
  };
  const firstOf = new Map<string, string>();
  for (const { principal, fingerprint } of edges) {
    const first = firstOf.get(fingerprint);
    if (first === undefined) firstOf.set(fingerprint, principal);
    else {
      const [smaller = first, larger = first] = [rootOf(first), rootOf(principal)].sort(byCodeUnits);
      if (smaller !== larger) parents.set(larger, smaller);
    }
  }
  return rootOf;
}

/** How many voters these principals are. */
export function distinctVoters(edges: readonly Edge[], principals: readonly string[]): number {
  return new Set(principals.map(voterGroups(edges))).size;
}

function byCodeUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
