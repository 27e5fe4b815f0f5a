// Proves that an approver reads of every kind of change what it is told against, and that no text of others gets off its line.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { changeLines } from '../../src/contracts/changes-in-words.js';
import { CHANGES_LIMITS, changesSchema } from '../../src/contracts/changes.js';
import type { Changes } from '../../src/domain/changes.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';

const BASE = 'a1b2c3d4e5f6'.padEnd(40, '0');
const HASH = '0f1e2d3c4b5a'.padEnd(40, '0');
const since = { run: '20261101T030405678Z-5f0c2a9e', commit: BASE, promotedAt: '2026-11-01T03:19:00.000Z' };
const WAS = `sha256:${'1'.repeat(64)}`;

function changes(more: Partial<Changes> = {}): Changes {
  return {
    v: 1,
    since,
    base: { kind: 'promotion', commit: BASE },
    commits: [{ hash: HASH, subject: 'Serve version 2' }],
    moreCommits: 0,
    leftOut: 0,
    commitsProblem: null,
    runbook: { was: WAS, paths: [], morePaths: 0 },
    ...more,
  };
}

const NEW = { since: null, runbook: { was: null, paths: [], morePaths: 0 } };
const branch = { kind: 'branch', commit: BASE } as const;

describe('what changes, in words', () => {
  test.each<{ what: string; given: Changes; lines: readonly string[] }>([
    {
      what: 'one commit, and the same runbook',
      given: changes(),
      lines: [
        '1 commit since 20261101T030405678Z-5f0c2a9e (promoted 2026-11-01):',
        '  0f1e2d3c4b5a Serve version 2',
        'runbook unchanged since then',
      ],
    },
    {
      what: 'more commits and values than are named',
      given: changes({
        moreCommits: 4,
        runbook: {
          was: WAS,
          paths: [
            { path: 'gates[cortex]', before: '{}', after: null },
            { path: 'title', before: null, after: '"x"' },
            { path: 'watch.window', before: '600000', after: '300000' },
          ],
          morePaths: 2,
        },
      }),
      lines: [
        '5 commits since 20261101T030405678Z-5f0c2a9e (promoted 2026-11-01):',
        '  0f1e2d3c4b5a Serve version 2',
        '  and 4 more',
        'runbook changed since then: 5 values',
        '  gates[cortex]: {} → (none)',
        '  title: (none) → "x"',
        '  watch.window: 600000 → 300000',
        '  and 2 more',
      ],
    },
    {
      what: 'an older commit, and one value',
      given: changes({
        commits: [],
        leftOut: 1,
        runbook: { was: WAS, paths: [{ path: 'name', before: '"a"', after: '"b"' }], morePaths: 0 },
      }),
      lines: [
        'no commit since 20261101T030405678Z-5f0c2a9e (promoted 2026-11-01)',
        'leaves out 1 commit that 20261101T030405678Z-5f0c2a9e promoted',
        'runbook changed since then: 1 value',
        '  name: "a" → "b"',
      ],
    },
    {
      what: 'too many to count',
      given: changes({ moreCommits: 999, leftOut: 1_000 }),
      lines: [
        '1000 or more commits since 20261101T030405678Z-5f0c2a9e (promoted 2026-11-01):',
        '  0f1e2d3c4b5a Serve version 2',
        '  and 999 more',
        'leaves out 1000 or more commits that 20261101T030405678Z-5f0c2a9e promoted',
        'runbook unchanged since then',
      ],
    },
    {
      what: 'a first promotion',
      given: changes({ ...NEW, base: branch, leftOut: 2 }),
      lines: [
        '1 commit beyond the branch at a1b2c3d4e5f6:',
        '  0f1e2d3c4b5a Serve version 2',
        'leaves out 2 commits that the branch at a1b2c3d4e5f6 has',
        'runbook: no earlier promotion to compare it with',
      ],
    },
    {
      what: 'a last promotion that the repository does not have',
      given: changes({ base: branch }),
      lines: [
        'the repository does not have the commit of 20261101T030405678Z-5f0c2a9e (promoted 2026-11-01)',
        '1 commit beyond the branch at a1b2c3d4e5f6:',
        '  0f1e2d3c4b5a Serve version 2',
        'runbook unchanged since then',
      ],
    },
    {
      what: 'commits that can’t be told',
      given: changes({ base: null, commits: [], commitsProblem: 'remote_unreachable: away' }),
      lines: [
        'commits since 20261101T030405678Z-5f0c2a9e (promoted 2026-11-01): not known: remote_unreachable: away',
        'runbook unchanged since then',
      ],
    },
    {
      what: 'commits that can’t be told of a first promotion',
      given: changes({ ...NEW, base: null, commits: [], commitsProblem: 'away' }),
      lines: [
        'commits since the last promotion (none is known): not known: away',
        'runbook: no earlier promotion to compare it with',
      ],
    },
  ])('$what', ({ given, lines }) => {
    expect(changesSchema.parse(given)).toEqual(given);
    expect(changeLines(given)).toEqual(lines);
  });

  test('keep every text on its line, without what a terminal would obey or not show', () => {
    const text = fc.string({ unit: 'binary', maxLength: CHANGES_LIMITS.subjectChars });
    fc.assert(
      fc.property(text, text, text, fc.boolean(), (subject, path, value, known) => {
        const given = changes({
          base: known ? { kind: 'promotion', commit: BASE } : null,
          commits: [{ hash: HASH, subject }],
          commitsProblem: value,
          runbook: { was: WAS, paths: [{ path, before: value, after: null }], morePaths: 0 },
        });
        const lines = changeLines(given);
        expect(lines).toHaveLength(known ? 4 : 3);
        for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(lines.at(-1)).toMatch(/^ {2}\S/u);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });
});
