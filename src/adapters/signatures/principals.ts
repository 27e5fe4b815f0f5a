/**
 * Whether OpenSSH takes a name for one of these: names and patterns (`*` any characters, `?` one), of which one with ! in
 * front refuses. For lines with `cert-authority`; elsewhere a principal is one exact name.
 */
export function fitsPrincipals(principals: readonly string[], name: string): boolean {
  const refusing = principals.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  const taking = principals.filter((pattern) => !pattern.startsWith('!'));
  return !refusing.some((pattern) => fits(name, pattern)) && taking.some((pattern) => fits(name, pattern));
}

/** Without a regular expression: a pattern of many stars would keep it busy for hours. */
function fits(name: string, pattern: string): boolean {
  let reachable = new Set([0]);
  for (const sign of pattern) {
    const next = new Set<number>();
    if (sign === '*') for (let to = Math.min(...reachable); to <= name.length; to += 1) next.add(to);
    for (const at of reachable) {
      if (at < name.length && sign !== '*' && (sign === '?' || sign === name[at])) next.add(at + 1);
    }
    reachable = next;
  }
  return reachable.has(name.length);
}
