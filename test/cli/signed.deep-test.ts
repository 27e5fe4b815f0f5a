import { execFile } from 'node:child_process';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { z } from 'zod';

import { openSite, type Ended, type Site } from '../support/command-line.js';
import { root } from '../support/stage.js';

/**
 * Proves a protected target as people use it, by commands alone: who has no key can't ask, decide or order; what is decided is
 * shown first; signing elsewhere; and that the documents' own commands verify a decision of the evidence. That attacks are
 * refused: test/workflows/threats.
 */
const run = promisify(execFile);
const ends: (() => Promise<void>)[] = [];
let site: Site;

const WAIT = { timeout: 60_000, interval: 250 };
/** Commands beside others on two cores, a second each. */
const LIMIT_MS = 240_000;
const CAROL = 'carol@example.org';
const ALICE = 'alice@example.org';
const BOB = 'bob@example.org';

beforeAll(async () => {
  site = await openSite({
    environment: { TEMPORAL_ADDRESS: inject('temporalAddress') },
    timings: { watchWindowMs: 600_000 },
    atEnd: (end) => ends.push(end),
  });
  await protect(site);
  await site.startPart('worker');
  return async () => {
    for (const end of ends.toReversed()) await end();
  };
}, 120_000);

describe('on a protected target', () => {
  test(
    'a start, two decisions and an order count by their signatures alone, and verify by hand',
    async () => {
      const { target, rehearsal } = site;
      const names = ['--target', target, '--commit', rehearsal.commit];
      const unsigned = await site.promote('start', ...names, '--as', CAROL);
      expect(unsigned.exitCode).toBe(2);
      expect(unsigned.stderr).toMatch(/is protected.*--signing-key.*--signature-file/);
      const dry = await as(CAROL, '--json', 'start', ...names, '--dry-run');
      expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, target, requester: CAROL });
      expect((await site.promote('status', target)).exitCode).toBe(2);
      expect(await as(CAROL, 'start', ...names)).toMatchObject({ exitCode: 0, stderr: '' });

      const shown = await site.status(waiting);
      expect(shown).toMatchObject({ protected: true, identity: 'signed' });
      expect(shown.approval).toMatchObject({ missing: 2, waitingFor: [ALICE, BOB], protected: true });
      const waits = await site.promote('list', '--waiting-for', ALICE);
      expect(waits.stdout).toContain(target);
      expect((await site.promote('list', '--waiting-for', CAROL)).stdout).not.toContain(target);

      const blind = await as(ALICE, 'approve', target);
      expect(blind).toMatchObject({ exitCode: 2 });
      expect(blind.stderr).toContain('--digest');
      for (const line of [rehearsal.commit, CAROL, 'rollback', 'runbook', 'reason', 'evidence'])
        expect(blind.stdout, line).toContain(line === 'reason' ? 'gateway-status' : line);
      expect(blind.stdout).toMatch(/1 commit beyond the branch/);

      const digest = shown.digest.slice(7, 15);
      const decided = ['approve', target, '--digest', digest];
      expect((await site.promote(...decided, '--as', ALICE)).stderr).toContain('is protected');
      const stranger = await as('mallory', ...decided, '--as', ALICE);
      expect(stranger).toMatchObject({ exitCode: 1 });
      expect(stranger.stderr).toContain('key_unlisted');
      expect(await as(ALICE, ...decided)).toMatchObject({ exitCode: 0, stderr: '' });
      expect((await as(ALICE, ...decided)).stdout).toContain('already recorded');
      await vi.waitFor(
        async () => expect((await site.promote('list', '--waiting-for', ALICE)).stdout).not.toContain(target),
        WAIT,
      );

      await approveElsewhere(decided);
      await untilWatching();
      const refused = await as(CAROL, 'rollback', target, '--reason', 'looks wrong');
      expect(refused).toMatchObject({ exitCode: 1 });
      expect(refused.stderr).toContain('not_allowed_to_order');
      expect(await as(BOB, 'rollback', target, '--reason', 'looks wrong')).toMatchObject({ exitCode: 0 });
      expect((await site.promote('follow', target)).exitCode).toBe(3);
      await verifyAsTheDocumentsSay();
    },
    LIMIT_MS,
  );

  test('policy check says that all is well, and what is not', async () => {
    const fine = await site.promote('policy', 'check', '--target', site.target);
    expect(fine).toMatchObject({ exitCode: 0, stderr: '' });
    const file = join(dirname(site.rehearsal.runbookFile), 'allowed_signers');
    const before = await readFile(file, 'utf8');
    await writeFile(file, before.replace(/namespaces="[^"]*" /, ''));
    const found = await site.promote('--json', 'policy', 'check', '--target', site.target);
    await writeFile(file, before);
    expect(found.exitCode).toBe(2);
    const { findings } = z
      .object({ findings: z.array(z.object({ code: z.string(), severity: z.string() })) })
      .parse(JSON.parse(found.stdout));
    expect(findings.filter(({ severity }) => severity === 'error').length).toBeGreaterThan(0);
  });
});

const waiting = z.object({
  phase: z.literal('awaiting-approval'),
  digest: z.string(),
  identity: z.string(),
  protected: z.boolean(),
  approval: z.looseObject({ missing: z.int() }),
});

function as(who: string, ...args: readonly string[]): Promise<Ended> {
  const named = args.includes('--as') ? [] : ['--as', who];
  return site.promote(...args, ...named, '--signing-key', join(site.cwd, who));
}

/** The print is signed by ssh-keygen in the way that the command line's help and documents say. */
async function approveElsewhere(decided: readonly string[]): Promise<void> {
  const printed = await site.promote(...decided, '--as', BOB, '--print-statement');
  expect(printed).toMatchObject({ exitCode: 0 });
  const file = join(site.cwd, 's.json');
  await writeFile(file, printed.stdout);
  await run('ssh-keygen', ['-Y', 'sign', '-n', 'promotion-decision.v1', '-f', join(site.cwd, BOB), file]);
  const other = await site.promote(...decided, '--as', ALICE, '--signature-file', `${file}.sig`);
  expect(other.stderr + other.stdout).toMatch(/already recorded|not the statement of this command/);
  const sent = await site.promote(...decided, '--as', BOB, '--signature-file', `${file}.sig`);
  expect(sent).toMatchObject({ exitCode: 0, stderr: '' });
}

async function untilWatching(): Promise<void> {
  await vi.waitFor(async () => {
    const { stdout } = await site.promote('--json', 'status', site.target);
    expect(JSON.parse(stdout)).toMatchObject({ phase: 'watching' });
  }, WAIT);
}

/** The commands of docs/reference/evidence.md, as they stand there, on what the run left. */
async function verifyAsTheDocumentsSay(): Promise<void> {
  const document = await readFile(join(root, 'docs/reference/evidence.md'), 'utf8');
  const [, script] = /```bash\n(cd <the run's folder>\/approval-1\n[\s\S]*?)```/.exec(document) ?? [];
  if (script === undefined) throw new Error('docs/reference/evidence.md has no such commands any more');
  const [folder] = await site.evidence(site.target);
  const path = join(site.evidenceDir, folder ?? '', 'approval-1');
  const bases = (await readdir(path)).flatMap(
    (name) => /^(decision-[0-9a-f]{16})\.sig$/.exec(name)?.[1] ?? [],
  );
  expect(bases).toHaveLength(2);
  const trusted = join(dirname(site.rehearsal.runbookFile), 'allowed_signers');
  const said: string[] = [];
  for (const base of bases) {
    const commands = script
      .replace("<the run's folder>/approval-1", path)
      .replace('decision-<16 hex>', base)
      .replace('/etc/promote/allowed_signers', trusted);
    said.push((await run('bash', ['-e', '-c', commands])).stdout);
  }
  expect(said.sort()).toEqual([
    expect.stringMatching(
      /^Good "promotion-decision\.v1" signature for alice@example\.org with ED25519 key SHA256:/,
    ),
    expect.stringMatching(
      /^Good "promotion-decision\.v1" signature for bob@example\.org with ED25519 key SHA256:/,
    ),
  ]);
}

/** Keys for three people and a stranger, and a runbook that takes nothing else. */
async function protect({ cwd, rehearsal }: Site): Promise<void> {
  const lines: string[] = [];
  for (const who of [CAROL, ALICE, BOB, 'mallory']) {
    const key = join(cwd, who);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', who, '-f', key]);
    await chmod(key, 0o600);
    const [type, blob] = (await readFile(`${key}.pub`, 'utf8')).split(' ');
    const own = who === CAROL ? 'promotion-start.v1' : 'promotion-decision.v1';
    if (who !== 'mallory')
      lines.push(`${who} namespaces="${own},promotion-control.v1" ${type ?? ''} ${blob ?? ''}`);
  }
  await writeFile(join(dirname(rehearsal.runbookFile), 'allowed_signers'), `${lines.join('\n')}\n`);
  const runbook = await readFile(rehearsal.runbookFile, 'utf8');
  const protectedRunbook = runbook.replace(
    /approval:\n {2}required: 1\n {2}approvers: .*\n/,
    `approval:\n  required: 2\n  approvers: [${ALICE}, ${BOB}]\n  requesters: [${CAROL}]\n  protected: true\n  allowedSigners: allowed_signers\n`,
  );
  if (protectedRunbook === runbook) throw new Error('the runbook has no such approval');
  await writeFile(rehearsal.runbookFile, protectedRunbook);
}
