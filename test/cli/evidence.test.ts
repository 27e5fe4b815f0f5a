// Proves what the commands about evidence say of real folders, by real processes of the build (`npm run build`). What is found in
// edited evidence: test/deep/evidence-mutations.deep-test.ts.
import { cp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';
import { z } from 'zod';

import { sealRun } from '../../src/adapters/evidence/seal.js';
import { RUN, testKey } from '../adapters/evidence/opened-run.js';
import { openToldRun, type ToldRun } from '../adapters/evidence/told-run.js';
import { promote, type Ended } from './run-promote.js';

const END = 'rollback-acknowledged';
const seal = ({ evidence, head }: ToldRun) =>
  sealRun(evidence, { run: RUN, end: END, reason: END, head }, testKey);

/** The command where the run's evidence is this place's own. */
function inPlaceOf({ path }: ToldRun, args: readonly string[]): Promise<Ended> {
  return promote(dirname(dirname(path)), args, { PROMOTE_EVIDENCE_DIR: dirname(path) });
}

const documents = ({ stdout }: Ended): unknown[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

test('list tells a sealed run from an open one, and one that is gone from both', async () => {
  const run = await openToldRun();
  const open = await inPlaceOf(run, ['evidence', 'list']);
  expect([open.exitCode, open.stdout]).toEqual([
    0,
    expect.stringMatching(/^t {2}\S+ {2}unsealed {2}no end /),
  ]);
  const { manifest } = await seal(run);
  const sealed = await inPlaceOf(run, ['evidence', 'list', '--target', 't', '--json']);
  expect(sealed.exitCode).toBe(0);
  expect(documents(sealed)).toMatchObject([
    { target: 't', run: RUN, end: END, sealed: true, gone: false, manifest },
  ]);
  await rm(run.path, { recursive: true });
  const gone = await inPlaceOf(run, ['evidence', 'list']);
  expect([gone.exitCode, gone.stdout]).toEqual([1, `t  ${RUN}  GONE  ${END}\n`]);
});

test('show says what a run was, by its name and in a copy of its folder', async () => {
  const run = await openToldRun();
  const { manifest } = await seal(run);
  const { exitCode, stdout } = await inPlaceOf(run, ['evidence', 'show', RUN]);
  expect(exitCode).toBe(0);
  for (const line of [`run       ${RUN}`, `end       ${END} (${END})`, `manifest  ${manifest}`])
    expect(stdout).toContain(`${line}\n`);
  expect(stdout).toMatch(/^\S+Z {2}decision-accepted {2}by: /m);
  expect(stdout).toMatch(/^ +\d+ {2}journal\/00000001\.json$/m);
  const copy = join(dirname(dirname(run.path)), 'mailed-to-me');
  await cp(run.path, copy, { recursive: true });
  const [shown] = documents(await promote(dirname(copy), ['evidence', 'show', 'mailed-to-me', '--json']));
  expect(shown).toMatchObject({ folder: 'mailed-to-me', record: { run: RUN }, end: END, manifest });
});

test('report prints what was sealed, and says so where it had to be made', async () => {
  const run = await openToldRun();
  const made = await inPlaceOf(run, ['evidence', 'report', RUN]);
  expect(made.exitCode).toBe(0);
  expect(made.stdout).toContain('# ');
  expect(made.stderr).toContain('no sealed one');
  await seal(run);
  const page = await inPlaceOf(run, ['evidence', 'report', RUN, '--html']);
  expect([page.exitCode, page.stderr]).toEqual([0, '']);
  expect(page.stdout).toMatch(/^<!doctype html>/i);
});

const verified = z.object({ holds: z.boolean(), findings: z.array(z.object({ code: z.string() })) });

test('verify ends with 1 for what a stranger can’t trust, and names every finding', async () => {
  const run = await openToldRun();
  await seal(run);
  await writeFile(join(run.path, 'added.json'), '{}');
  await writeFile(join(dirname(dirname(run.path)), 'nobody.json'), '{"v":1,"keys":[]}');
  const args = ['evidence', 'verify', RUN, '--trusted-keys', 'nobody.json'];
  const failed = await inPlaceOf(run, [...args, '--json']);
  expect(failed.exitCode).toBe(1);
  const [document] = documents(failed);
  const { holds, findings } = verified.parse(document);
  expect(holds).toBe(false);
  const codes = findings.map(({ code }) => code);
  expect(codes).toEqual(expect.arrayContaining(['file_extra', 'signer_unknown']));
  const told = await inPlaceOf(run, args);
  expect(told.exitCode).toBe(1);
  expect(told.stdout).toMatch(/^FAILS /);
  for (const code of codes) expect(told.stdout).toContain(code);
});

test.each([
  [['verify', '20260102T030405678Z-00000000'], /no run of this name/],
  [['verify', 'nowhere'], /can't be read: name a run's folder/],
  [['verify', RUN, '--trusted-keys', 'none.json'], /there is no file of trusted keys/],
  [['verify'], /name a run or its folder/],
  [['verify', '--all'], /name the target/],
  [['show', 'nowhere'], /missing/],
  [['report', 'nowhere'], /missing/],
  [['verify', RUN, '--anchor', 'abc'], /--anchor "abc" can't be/],
])('%j is refused in one line', async (args, told) => {
  const run = await openToldRun();
  const { exitCode, stdout, stderr } = await inPlaceOf(run, ['evidence', ...args]);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(told);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

test('seal finishes what a lost worker left of sealing, so that another run can follow', async () => {
  const run = await openToldRun();
  const { manifest } = await seal(run);
  const root = dirname(run.path);
  await rm(join(root, 'heads'), { recursive: true });
  await rm(join(run.path, 'attestations.intoto.jsonl'));
  const args = ['evidence', 'seal', 't', '--reason', 'worker lost', '--json'];
  const unsealed = await inPlaceOf(run, ['evidence', 'list', '--json']);
  expect(documents(unsealed)).toMatchObject([{ run: RUN, sealed: false }]);
  const dry = await inPlaceOf(run, [...args, '--dry-run']);
  expect([dry.exitCode, documents(dry)]).toEqual([0, [{ dryRun: true, target: 't', run: RUN, end: END }]]);
  // It need not ask Temporal: what is there can only be finished.
  const done = await inPlaceOf(run, args);
  expect([done.exitCode, documents(done)]).toEqual([
    0,
    [{ target: 't', run: RUN, sealed: true, end: END, manifest }],
  ]);
  expect(documents(await inPlaceOf(run, ['evidence', 'list', '--json']))).toMatchObject([
    { run: RUN, sealed: true },
  ]);
  expect(documents(await inPlaceOf(run, args))).toMatchObject([{ target: 't', run: null }]);
});
