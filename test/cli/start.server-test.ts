import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseDocument, type Document } from 'yaml';

import { promotionId } from '../../workflows/messages.js';
import { openSite, promote, type Ended, type Site } from '../support/command-line.js';

/**
 * Proves that a start is refused where its target is taken or anything that it stands on is wrong, and that then nothing
 * is started and no evidence written: by real processes, a real worker and the real server. What the schema of runbook
 * and settings refuses beside the cases here is in the fast suite.
 */
let site: Site;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  site = await openSite({
    environment: { TEMPORAL_ADDRESS: inject('temporalAddress'), TAU_MISSING_COMMAND: MISSING },
    atEnd: (end) => ends.push(end),
  });
  const { runbookFile } = site.rehearsal;
  const written = await readFile(runbookFile, 'utf8');
  const runbooks: Record<string, string> = { [site.target]: runbookFile, sound: runbookFile };
  for (const [target, change] of Object.entries(CHANGES)) {
    const runbook = parseDocument(written);
    change(runbook);
    runbooks[target] = join(site.cwd, `${target}.yaml`);
    await writeFile(runbooks[target], runbook.toString({ lineWidth: 110 }));
  }
  await site.settings(runbooks);
  await site.startPart('worker');
});

afterAll(async () => {
  for (const end of ends.toReversed()) await end();
});

const MISSING = '/no/such/tau-coding-agent';
const UNKNOWN = 'deadbeef'.repeat(5);

/** Runbooks with one mistake each, by the target that has them. */
const CHANGES: Readonly<Record<string, (runbook: Document) => void>> = {
  'without-token': (runbook) => runbook.setIn(['variables', 'token', 'env'], 'TAU_TOKEN_OF_NOBODY'),
  'without-command': (runbook) => runbook.setIn(['variables', 'command', 'env'], 'TAU_MISSING_COMMAND'),
  'with-unknown-key': (runbook) => runbook.setIn(['gates', 1, 'tries'], 3),
  'with-bad-duration': (runbook) => runbook.setIn(['watch', 'window'], '10 minutes'),
  'without-expectation': (runbook) => runbook.deleteIn(['gates', 1, 'expect']),
};

const RUNBOOK_MISTAKES: readonly [sentence: string, target: string, says: RegExp][] = [
  [
    'an unknown key in the runbook',
    'with-unknown-key',
    /with-unknown-key\.yaml:\d+:\d+: gates\[1\]\.tries: .*known key/,
  ],
  ['a bad duration', 'with-bad-duration', /with-bad-duration\.yaml:\d+:\d+: watch\.window: .*10m/],
  [
    'a gate without an expectation',
    'without-expectation',
    /without-expectation\.yaml:\d+:\d+: gates.*expect/,
  ],
];

function expectRefused({ exitCode, stdout, stderr }: Ended, says: RegExp): void {
  expect(stderr).toMatch(/^promote: [^\n]+\n$/);
  expect(stderr).toMatch(says);
  expect(stdout).toBe('');
  expect(exitCode).toBe(2);
}

describe('start', () => {
  it.concurrent.each<[sentence: string, target: string, commit: string, says: RegExp]>([
    ['an unknown commit', 'sound', UNKNOWN, /commit/],
    ['a target with a slash', 'lab/production', UNKNOWN, /the target "lab\/production" can't be/],
    ['a target ..', '..', UNKNOWN, /the target "\.\." can't be/],
    ['a short commit', 'sound', UNKNOWN.slice(0, 12), /--commit "deadbeefdead" can't be: .*rev-parse/],
    ['a missing token', 'without-token', UNKNOWN, /token .*has no value: set TAU_TOKEN_OF_NOBODY/],
    [
      'a missing command',
      'without-command',
      UNKNOWN,
      /the command \/no\/such\/tau-coding-agent is not there/,
    ],
    ...RUNBOOK_MISTAKES.map(([sentence, target, says]): [string, string, string, RegExp] => [
      sentence,
      target,
      UNKNOWN,
      says,
    ]),
  ])('refuses %s on one line, with exit 2; nothing is started', async (_, target, given, says) => {
    // Where something else is wrong the commit is right, so that it alone is told.
    const commit = target === 'sound' ? given : site.rehearsal.commit;
    const args = ['start', '--target', target, '--commit', commit, '--as', 'requester@rehearsal'];
    expectRefused(await site.promote(...args), says);
    await expectNothingOf(target);
  });

  it.concurrent(
    'refuses an override that the runbook does not allow, with exit 2; nothing is started',
    async () => {
      const args = ['--target', 'sound', '--commit', site.rehearsal.commit, '--as', 'requester@rehearsal'];
      const sparse = ['--expect-operator-health-state', 'failing', '--expect-operator-rollout-gate', 'hold'];
      expectRefused(
        await site.promote('start', ...args, ...sparse),
        /failing\/hold can't be expected of operator-summary in a promotion: .*overridable names no gate/,
      );
      await expectNothingOf('sound');
    },
  );

  it.concurrent('refuses an unknown key in promote.yaml on one line, with exit 2', async () => {
    const settings = join(site.cwd, 'unknown-key.yaml');
    await writeFile(settings, 'v: 1\ntaskQueues: other\n');
    const args = ['--target', 'sound', '--commit', site.rehearsal.commit, '--settings', settings];
    expectRefused(await site.promote('start', ...args), /unknown-key\.yaml:2:1: taskQueues: unknown key/);
    await expectNothingOf('sound');
  });

  it("refuses a target's second promotion with the running one's commit, requester and phase", async () => {
    expect(await site.startPromotion()).toMatchObject({ exitCode: 0, stderr: '' });
    await site.awaitsApproval();
    const { target, rehearsal } = site;
    const args = ['--target', target, '--commit', rehearsal.formerTip, '--as', 'somebody@else'];
    const { exitCode, stdout, stderr } = await site.promote('start', ...args);
    expect(stderr).toMatch(/^promote: [^\n]+\n$/);
    expect(stderr).toContain(rehearsal.commit);
    expect(stderr).toContain('requester@rehearsal');
    expect(stderr).toContain('awaiting-approval');
    expect(stdout).toBe('');
    expect(exitCode).toBe(1);

    // The running one goes on undisturbed, and it is the only one that all these starts left.
    const listed = await site.promote('list', '--all', '--json', '--limit', '10000');
    const targets = [target, 'sound', 'lab/production', '..', ...Object.keys(CHANGES)];
    const open = listed.stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
      .filter((line) => targets.some((name) => isOf(line, name)));
    expect(open).toMatchObject([{ target, commit: rehearsal.commit, phase: 'awaiting-approval' }]);
    expect(await site.evidence()).toHaveLength(1);
    const abort = ['abort', target, '--reason', 'done'];
    expect((await site.promote(...abort, '--as', 'somebody@else')).stderr).toContain('not_allowed_to_order');
    expect(await site.promote(...abort, '--as', 'requester@rehearsal')).toMatchObject({ exitCode: 0 });
  });
});

function isOf(line: unknown, target: string): boolean {
  return typeof line === 'object' && line !== null && 'target' in line && line.target === target;
}

/** Temporal itself knows of no promotion into the target, and the worker wrote no evidence of one. */
async function expectNothingOf(target: string): Promise<void> {
  await site.withTemporal(async (client) => {
    const described = client.workflow.getHandle(promotionId(target)).describe();
    await expect(described).rejects.toMatchObject({ name: 'WorkflowNotFoundError' });
  });
  expect(await site.evidence(target)).toEqual([]);
}

describe('validate', () => {
  it.concurrent.each<[sentence: string, args: readonly string[], over: Record<string, string>, says: RegExp]>(
    [
      ['a target with a slash', ['--target', 'a/b'], {}, /the target "a\/b" can't be/],
      ['a target ..', ['--target', '..'], {}, /the target "\.\." can't be/],
      ['a missing token', [], { TAU_OPERATOR_AUTH_TOKEN: '' }, /token .*set TAU_OPERATOR_AUTH_TOKEN/],
      ['a missing command', [], { TAU_OPERATOR_COMMAND: MISSING }, /the command .* is not there: install/],
      ['an unknown key in promote.yaml', ['--settings', 'other.yaml'], {}, /other\.yaml:2:1: .*unknown key/],
      ...RUNBOOK_MISTAKES.map(
        ([sentence, target, says]): [string, readonly string[], Record<string, string>, RegExp] => [
          sentence,
          ['--runbook', `@${target}`],
          {},
          says,
        ],
      ),
    ],
  )('refuses %s on one line, with exit 2; nothing is written', async (_, args, over, says) => {
    await inFolder(async (folder, environment) => {
      const given = args.map((arg) =>
        arg.replace(/^@(.*)$/, (_, name: string) => `${site.cwd}/${name}.yaml`),
      );
      const surroundings = {
        cwd: folder,
        environment: { ...environment, ...site.rehearsal.environment, ...over },
      };
      expectRefused(await promote(surroundings, 'validate', ...given), says);
    });
  });
});

describe('rehearse', () => {
  it.concurrent.each<[sentence: string, args: readonly string[], over: Record<string, string>, says: RegExp]>(
    [
      ['an unknown scenario', ['--scenario', 'sunny'], {}, /--scenario "sunny" is not known: .*--list/],
      ['an unknown key in promote.yaml', ['--settings', 'other.yaml'], {}, /other\.yaml:2:1: .*unknown key/],
      ['a bad name of a task queue', [], { PROMOTE_TASK_QUEUE: 'A B' }, /PROMOTE_TASK_QUEUE/],
      [
        'a variable that the runbook has not',
        ['--set', 'nonsense=1'],
        {},
        /--set nonsense: .*one of baseUrl/,
      ],
      ['a data folder that no rehearsal can be in', [], { PROMOTE_DATA_DIR: 'a b' }, /white space/],
    ],
  )('refuses %s on one line, with exit 2; nothing is written', async (_, args, over, says) => {
    await inFolder(async (folder, environment) => {
      const surroundings = { cwd: folder, environment: { ...environment, ...over } };
      expectRefused(await promote(surroundings, 'rehearse', '--yes', ...args), says);
    });
  });
});

/** A folder without a server, with a file of settings; what is there before is there after, and nothing else. */
async function inFolder(
  use: (folder: string, environment: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-start-'));
  try {
    await writeFile(join(folder, 'other.yaml'), 'v: 1\ntaskQueues: other\n');
    await use(folder, { HOME: folder, XDG_CACHE_HOME: join(homedir(), '.cache') });
    expect(await readdir(folder)).toEqual(['other.yaml']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
