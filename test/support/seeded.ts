/** The same seed gives the same choices: mulberry32. */
export interface Seeded {
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  one<const T>(of: readonly [T, ...T[]]): T;
}

export function seeded(seed: number): Seeded {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    one<const T>(of: readonly [T, ...T[]]): T {
      return of[below(of.length)] ?? of[0];
    },
  };
}
