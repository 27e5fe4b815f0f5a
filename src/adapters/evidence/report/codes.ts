import { explainCode } from '../../../tau/reason-codes.js';
import type { Cell } from './document.js';

/** What a code means, whose it is and what to do, as one line; none for an unknown code, which stands as it came. */
export function explained(code: string): readonly string[] {
  const entry = explainCode(code);
  if (entry === undefined) return [];
  const { means, todo, owner } = entry;
  return [`${code} (${owner}): ${means}${todo === '' ? '' : `; ${todo}`}`];
}

/** A code and what it means. */
export function meant(code: string): string {
  const entry = explainCode(code);
  return entry === undefined ? code : `${code}: ${entry.means}`;
}

export function meantCodes(codes: readonly string[]): Cell {
  return { lines: codes.map(meant) };
}
