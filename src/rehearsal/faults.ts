import type { Fault, Happening, Misbehaviour, Surface } from './scenario.js';

/**
 * How a surface misbehaves in this answer, or undefined where it does not; the first fault that applies counts.
 *
 * @param nth which of the surface's answers this is, 1 for the first
 */
export function misbehaviour(
  faults: readonly Fault[],
  surface: Surface,
  nth: number,
  happened: ReadonlySet<Happening>,
): Misbehaviour | undefined {
  return faults.find(
    ({ surfaces, after, until, answers }) =>
      surfaces.includes(surface) &&
      (after === undefined || happened.has(after)) &&
      (until === undefined || !happened.has(until)) &&
      (answers === undefined || nth <= answers),
  )?.does;
}
