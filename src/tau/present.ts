/** "null and false count as absent" (docs/reference/tau.md, "First present"). */
export function present(value: unknown): unknown {
  return value === null || value === false ? undefined : value;
}
