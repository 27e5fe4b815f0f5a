// What `promote runbook check` says of runbooks that are broken in one place each, by a real process of the build. It proves the
// message, line and column of each kind of mistake; that nothing is missed is not proven by examples.
import { describe, expect, it } from 'vitest';

import { placesOf, withoutMarks } from '../support/marked-text.js';
import { BROKEN, WHOLE } from './broken-runbooks.js';
import { promote, scratch } from './run-promote.js';

const fileOf = (what: string): string => `${what.replaceAll(' ', '-')}.yaml`;

describe('a folder of broken runbooks', () => {
  it('holds forty or more, each marked in one place', () => {
    expect(new Set(BROKEN.map(({ what }) => what)).size).toBeGreaterThanOrEqual(40);
    for (const { marked } of BROKEN) expect(placesOf(marked)).toHaveLength(1);
  });

  it('gets one line each, with file, line, column and what to do, beside the good one; exit 2', async () => {
    const texts = BROKEN.map(({ what, marked }): [string, string] => [fileOf(what), withoutMarks(marked)]);
    await using place = await scratch({ ...Object.fromEntries(texts), 'whole.yaml': WHOLE });
    const { exitCode, stdout, stderr } = await promote(place.folder, ['runbook', 'check', '.']);
    const expected = BROKEN.map(
      ({ what, marked, told }) => `${fileOf(what)}:${placesOf(marked).join()}: ${told}`,
    );
    expect(stderr.trimEnd().split('\n').sort()).toEqual(expected.sort());
    expect(stdout).toBe('whole.yaml: ok\n');
    expect(exitCode).toBe(2);
  });

  it('with --json is a document a file, in the order of their names', async () => {
    const [{ what, marked } = { what: '', marked: '' }] = BROKEN;
    await using place = await scratch({
      [fileOf(what)]: withoutMarks(marked),
      'a.yml': WHOLE,
      'notes.md': 'no',
    });
    const { exitCode, stdout } = await promote(place.folder, ['runbook', 'check', '.', '--json']);
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(documents).toEqual([
      { file: 'a.yml', ok: true, problems: [] },
      { file: fileOf(what), ok: false, problems: [expect.stringMatching(/^tab-as-indent\.yaml:\d+:\d+: /)] },
    ]);
    expect(exitCode).toBe(2);
  });
});

describe('a runbook', () => {
  it('that is not there is told after those that are', async () => {
    await using place = await scratch({ 'whole.yaml': WHOLE });
    const ended = await promote(place.folder, ['runbook', 'check', 'none.yaml', 'whole.yaml']);
    expect(ended).toEqual({
      exitCode: 2,
      stdout: 'whole.yaml: ok\n',
      stderr: "none.yaml: the runbook can't be read: check the path\n",
    });
  });

  it('with several mistakes gets a line for each', async () => {
    const text = WHOLE.replace('retries: 1', 'retries: 9').replace('expires: 24h', 'expires: soon');
    await using place = await scratch({ 'shop.yaml': text });
    const { stderr } = await promote(place.folder, ['runbook', 'check', 'shop.yaml']);
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^[^ ]* /, '').replace(/: .*/, '')),
    ).toEqual(['remediation.retries', 'approval.expires']);
  });
});
