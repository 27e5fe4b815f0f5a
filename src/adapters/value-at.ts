/** What stands there; undefined where nothing does. Own members alone are looked at. */
export function valueAt(root: unknown, path: readonly (string | number)[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    const member: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
    value = member;
  }
  return value;
}
