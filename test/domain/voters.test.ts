// Proves who is one voter, against a model that knows nothing of union and find: it walks the graph.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { distinctVoters, voterGroups, type Edge } from '../../src/domain/voters.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';

const RUNS = { numRuns: PROPERTY_RUNS };
const PRINCIPALS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'B', '_'];
const edges = fc.array(
  fc.record({
    principal: fc.constantFrom(...PRINCIPALS),
    fingerprint: fc.constantFrom('1', '2', '3', '4', '5', 'a'),
  }),
  { maxLength: 14 },
);

/** Everybody who can be reached from one, by keys that are held in common. */
function reachable(edges: readonly Edge[], from: string): string[] {
  const found = new Set([from]);
  for (let before = 0; before < found.size;) {
    before = found.size;
    const keys = edges.filter(({ principal }) => found.has(principal)).map(({ fingerprint }) => fingerprint);
    for (const { principal, fingerprint } of edges) if (keys.includes(fingerprint)) found.add(principal);
  }
  return [...found];
}

const edge = (principal: string, fingerprint: string): Edge => ({ principal, fingerprint });

describe('the same voter', () => {
  it('is who can be reached by keys held in common, and is named by the smallest of them', () => {
    fc.assert(
      fc.property(edges, (edges) => {
        const groupOf = voterGroups(edges);
        for (const principal of PRINCIPALS) {
          const [smallest] = reachable(edges, principal).sort((a, b) => (a < b ? -1 : 1));
          expect(groupOf(principal)).toBe(smallest);
        }
      }),
      RUNS,
    );
  });

  it('does not depend on the order of lines and votes', () => {
    fc.assert(
      fc.property(
        edges.chain((edges) =>
          fc.tuple(fc.constant(edges), fc.shuffledSubarray(edges, { minLength: edges.length })),
        ),
        ([edges, shuffled]) => {
          expect(PRINCIPALS.map(voterGroups(shuffled))).toEqual(PRINCIPALS.map(voterGroups(edges)));
        },
      ),
      RUNS,
    );
  });

  it('can only become fewer by one more line or vote', () => {
    fc.assert(
      fc.property(edges, edges, (some, more) => {
        expect(distinctVoters([...some, ...more], PRINCIPALS)).toBeLessThanOrEqual(
          distinctVoters(some, PRINCIPALS),
        );
      }),
      RUNS,
    );
  });

  it.each([
    { title: 'two with a key each', edges: [edge('a', '1'), edge('b', '2')], voters: 2 },
    { title: 'one key under two names', edges: [edge('a', '1'), edge('b', '1')], voters: 1 },
    { title: 'a chain over three keys', edges: [edge('a', '1'), edge('a', '2'), edge('b', '2')], voters: 1 },
    { title: 'names without a key', edges: [], voters: 2 },
    {
      title: 'names that are joined by a third',
      edges: [edge('a', '1'), edge('z', '1'), edge('z', '2'), edge('b', '2')],
      voters: 1,
    },
  ])('of $title makes $voters', ({ edges, voters }) => {
    expect(distinctVoters(edges, ['a', 'b', 'a'])).toBe(voters);
  });

  it('is a stranger alone, even one who is named like a key or like what objects inherit', () => {
    const groupOf = voterGroups([edge('a', 'b'), edge('c', '__proto__')]);
    expect(['b', '__proto__', 'constructor'].map(groupOf)).toEqual(['b', '__proto__', 'constructor']);
  });
});
