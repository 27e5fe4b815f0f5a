import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { z } from 'zod';

import { enrol } from '../../src/adapters/attestation/enrol.js';
import { openKeyFile } from '../../src/adapters/attestation/key-file.js';
import { connectClient } from '../../src/client.js';
import { doctor, type DoctorFlags } from '../../src/cli/doctor.js';
import type { Output } from '../../src/cli/output.js';
import { readConfig } from '../../src/config.js';
import { PROMOTION, promotionId } from '../../workflows/messages.js';
import { text } from '../engine/scratch.js';
import { openSite, promote, type Site } from '../support/command-line.js';

/**
 * Proves that `promote doctor` finds nothing wrong with an installation that works, and names each of these broken ones with
 * what to do; on the real server, with a real worker. TLS and credentials: test/cli/connecting. Its rules of time: test/domain/doctor.
 */
const ends: (() => Promise<void>)[] = [];
let site: Site;
let client: Client;
let at: (...name: readonly string[]) => string;

const DAY_MS = 86_400_000;
/** Processes beside others on two cores, a second each. */
const LIMIT_MS = 240_000;

beforeAll(async () => {
  site = await openSite({
    environment: { TEMPORAL_ADDRESS: inject('temporalAddress') },
    atEnd: (end) => ends.push(end),
  });
  at = (...name) => join(site.cwd, ...name);
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  ends.push(() => connection.close());
  client = new Client({ connection });
  await writeTargets();
  await believe(site.dataDir, at('trusted-keys.json'));
  await site.startPart('worker');
  return async () => {
    for (const end of ends.toReversed()) await end();
  };
}, LIMIT_MS);

/** Targets that only the cases about them look at. */
async function writeTargets(): Promise<void> {
  const healthy = await readFile(site.rehearsal.runbookFile, 'utf8');
  const edited = async (name: string, from: RegExp, to: string): Promise<[string, string]> => {
    const text = healthy.replace(from, to);
    if (text === healthy) throw new Error(`the runbook has no ${String(from)}`);
    await mkdir(at(name));
    await writeFile(at(name, 'runbook.yaml'), text);
    return [name, at(name, 'runbook.yaml')];
  };
  const targets = [
    await edited('broken', /\nwatch:/, '\nwach:'),
    await edited('slow', /\n {2}expires: .*/, '\n  expires: 5d'),
    await edited(
      'trapped',
      /\napproval:\n/,
      '\napproval:\n  protected: true\n  requesters: [r@example.org]\n  allowedSigners: allowed_signers\n',
    ),
  ];
  await writeFile(at('trapped', 'allowed_signers'), '# nobody\n');
  await site.settings({ [site.target]: site.rehearsal.runbookFile, ...Object.fromEntries(targets) });
}

/** Makes the key of a data folder, and has it believed. */
async function believe(dataDir: string, file: string): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  const { key } = await openKeyFile(join(dataDir, 'keys', 'evidence.pem'));
  const enrolment = { deployment: 'local', notBefore: undefined, notAfter: undefined };
  await enrol(file, key.publicKey, enrolment, Date.now());
  return key.keyid;
}

/** A namespace of the case's own; closed runs are kept a day. */
async function namespace(searchAttributes: Readonly<Record<string, 2 | 3>> = {}): Promise<string> {
  const name = `doctor-${randomBytes(4).toString('hex')}`;
  await client.workflowService.registerNamespace({
    namespace: name,
    workflowExecutionRetentionPeriod: msToTs(DAY_MS),
  });
  if (Object.keys(searchAttributes).length > 0)
    await vi.waitFor(
      () => client.connection.operatorService.addSearchAttributes({ namespace: name, searchAttributes }),
      { timeout: 30_000, interval: 200 },
    );
  return name;
}

const finding = z.object({
  check: z.string(),
  level: z.enum(['ok', 'warning', 'error', 'not-checked']),
  where: z.string(),
  what: z.string(),
  todo: z.string().nullable(),
});
const document = z.object({
  exitCode: z.number(),
  errors: z.number(),
  findings: z.array(finding),
});

type Variables = Readonly<Record<string, string>>;

/** In this process, as its command does it. */
async function look(over: Variables = {}, flags: DoctorFlags = { target: site.target }) {
  const environment = { PATH: process.env['PATH'], ...site.environment, ...over };
  const config = await readConfig({ cwd: site.cwd, environment });
  const documents: object[] = [];
  const lines: string[] = [];
  const output: Output = {
    json: true,
    live: false,
    say: (line) => void lines.push(line),
    note: (line) => void lines.push(line),
    document: (value) => void documents.push(value),
    paint: (_style, text) => text,
  };
  const exitCode = await doctor({ config, output, by: 'doctor', signingKey: undefined }, flags);
  const seen = document.parse(documents[0]);
  const said = lines.join('\n') + JSON.stringify(documents);
  expect(said).not.toContain(site.rehearsal.token);
  return { ...seen, said, exitCode, told: seen.exitCode };
}

describe('an installation that works', () => {
  test(
    'has no error, by the command itself; every check is told, and nothing stays open',
    async () => {
      const { exitCode, stdout, stderr } = await site.promote('--json', 'doctor', '--target', site.target);
      const { errors, findings } = document.parse(JSON.parse(stdout));
      expect(findings.filter(({ level }) => level !== 'ok' && level !== 'warning')).toEqual([]);
      expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: 0 });
      expect(new Set(findings.map(({ check }) => check))).toEqual(new Set(EVERY_CHECK));
      expect(stderr).toContain('run it where the worker runs');
      // The question stays as those of `promote start` do: closed.
      const open = await client.workflow.count(
        `TaskQueue = "${taskQueue()}" AND ExecutionStatus = "Running"`,
      );
      expect(open.count).toBe(0);
      // The evidence folder is not there yet: what is above it was written to.
      expect((await readdir(site.cwd)).filter((name) => name.startsWith('.'))).toEqual([]);
      expect(await readdir(site.cwd)).not.toContain('evidence');
    },
    LIMIT_MS,
  );

  test('is only looked at with --dry-run', async () => {
    const { findings, exitCode } = await look({}, { target: site.target, dryRun: true });
    expect(exitCode).toBe(0);
    expect(findings.filter(({ level }) => level === 'not-checked').map(({ check }) => check)).toEqual([
      'clock',
      'worker',
    ]);
  });

  test('of our own keeps closed runs as long as it is told to, and never shorter', async () => {
    const name = await namespace();
    const own = await connectClient({
      address: inject('temporalAddress'),
      namespace: name,
      connection: {},
      taskQueue: 'none',
    });
    ends.push(() => own.close());
    const kept = async (): Promise<number> => {
      const { config } = await client.workflowService.describeNamespace({ namespace: name });
      return Number(config?.workflowExecutionRetentionTtl?.seconds) * 1_000;
    };
    await own.ensureRetention(30 * DAY_MS);
    expect(await kept()).toBe(30 * DAY_MS);
    await own.ensureRetention(2 * DAY_MS);
    expect(await kept()).toBe(30 * DAY_MS);
  });

  test('gets the search attributes that it lacks, and says so; with --dry-run it only says so', async () => {
    const TEMPORAL_NAMESPACE = await namespace();
    const seen = async (dryRun: boolean) =>
      (await look({ TEMPORAL_NAMESPACE }, { target: site.target, dryRun })).findings.find(
        ({ check }) => check === 'search-attributes',
      );
    await vi.waitFor(
      async () =>
        expect(await seen(true)).toMatchObject({
          level: 'error',
          what: text(/^missing: PromotionTarget \(Keyword\)/),
          todo: text('--dry-run'),
        }),
      { timeout: 30_000, interval: 200 },
    );
    expect(await seen(false)).toMatchObject({ level: 'ok', what: text(/^added: /) });
    await vi.waitFor(async () => expect(await seen(true)).toMatchObject({ what: 'all are there' }), {
      timeout: 30_000,
      interval: 200,
    });
  });
});

const EVERY_CHECK = [
  'connection',
  'server-version',
  'namespace',
  'retention',
  'search-attributes',
  'clock',
  'worker',
  'pollers',
  'worker-builds',
  'promotions',
  'evidence-store',
  'evidence-space',
  'evidence-key',
  'tools',
  'runbook',
  'variables',
  'commands',
  'git-remote',
  'policy',
];

interface Broken {
  readonly it: string;
  readonly set: () => Promise<Variables> | Variables;
  /** Undefined: the one that works. */
  readonly target?: 'all' | 'broken' | 'slow' | 'trapped';
  readonly check: string;
  readonly level?: 'warning';
  readonly where?: RegExp;
  readonly what: RegExp;
  readonly todo: RegExp;
  readonly exitCode: number;
}

const BROKEN: readonly Broken[] = [
  {
    it: 'a wrong address',
    set: () => ({ TEMPORAL_ADDRESS: '127.0.0.1:1' }),
    check: 'connection',
    where: /^127\.0\.0\.1:1, /,
    what: /no Temporal server answers.*ECONNREFUSED/,
    todo: /correct TEMPORAL_ADDRESS/,
    exitCode: 5,
  },
  {
    it: 'TLS to a server without it',
    set: () => ({ TEMPORAL_TLS: 'true' }),
    check: 'connection',
    what: /does not speak TLS, and these settings do/,
    todo: /take TEMPORAL_TLS/,
    exitCode: 2,
  },
  {
    it: 'half of the credentials',
    set: () => ({ TEMPORAL_TLS_CLIENT_CERT_PATH: site.rehearsal.runbookFile }),
    check: 'temporal-settings',
    what: /without its key: set TEMPORAL_TLS_CLIENT_KEY_PATH/,
    todo: /connect-to-temporal\.md/,
    exitCode: 2,
  },
  {
    it: 'a namespace that is not there',
    set: () => ({ TEMPORAL_NAMESPACE: 'nowhere' }),
    check: 'namespace',
    where: /nowhere/,
    what: /has no such namespace/,
    todo: /temporal operator namespace create --namespace nowhere/,
    exitCode: 2,
  },
  {
    it: 'a search attribute of another type',
    set: async () => ({ TEMPORAL_NAMESPACE: await namespace({ PromotionTarget: 3 }) }),
    check: 'search-attributes',
    what: /of another type than ours: PromotionTarget \(Keyword\) expected/,
    todo: /search-attribute remove .*--name PromotionTarget/,
    exitCode: 1,
  },
  {
    it: 'search attributes that there is no room for',
    set: async () => ({ TEMPORAL_NAMESPACE: await namespace(allKeywords()) }),
    check: 'search-attributes',
    what: /missing, and they can't be added here .*PromotionTarget \(Keyword\)/,
    todo: /search-attribute create .*--name PromotionTarget --type Keyword/,
    exitCode: 1,
  },
  {
    it: 'a retention shorter than a promotion may last',
    set: () => ({}),
    target: 'slow',
    check: 'retention',
    what: /are kept 1d, and slow may wait 5d for approval/,
    todo: /namespace update --namespace default --retention 193h/,
    exitCode: 1,
  },
  {
    it: 'no worker on the task queue',
    set: () => ({ PROMOTE_TASK_QUEUE: 'nobody' }),
    check: 'pollers',
    where: /nobody-rollback/,
    what: /no worker takes work from it/,
    todo: /promote worker/,
    exitCode: 1,
  },
  {
    it: 'a worker whose build can not go on with a promotion',
    set: async () => ({ PROMOTE_TASK_QUEUE: await stuckPromotion() }),
    target: 'all',
    check: 'promotions',
    where: /target stuck-/,
    what: /its workflow task failed \d+ times: the build/,
    todo: /run the build that it was started with/,
    exitCode: 1,
  },
  {
    it: 'a clock that goes wrong',
    set: async () => ({ NODE_OPTIONS: `--import ${await shiftedClock()}` }),
    check: 'clock',
    what: /clock is (?:599|600)\.\d s ahead of the server's/,
    todo: /NTP/,
    exitCode: 1,
  },
  {
    it: 'a file in place of the evidence folder',
    set: () => ({ PROMOTE_EVIDENCE_DIR: site.rehearsal.runbookFile }),
    check: 'evidence-store',
    what: /ENOTDIR/,
    todo: /evidenceDir/,
    exitCode: 1,
  },
  {
    // Not even root may write there.
    it: 'an evidence folder that can not be written to',
    set: () => ({ PROMOTE_EVIDENCE_DIR: '/sys/kernel' }),
    check: 'evidence-store',
    what: /can't be written as evidence is/,
    todo: /user of the worker/,
    exitCode: 1,
  },
  {
    it: 'an evidence folder that others may look into',
    set: async () => {
      await mkdir(at('open'));
      await chmod(at('open'), 0o755);
      return { PROMOTE_EVIDENCE_DIR: at('open') };
    },
    check: 'evidence-store',
    level: 'warning',
    what: /mode 755/,
    todo: /chmod 700 /,
    exitCode: 0,
  },
  {
    it: 'an evidence key that others may read',
    set: async () => {
      await believe(at('read'), at('read.json'));
      await chmod(at('read', 'keys', 'evidence.pem'), 0o644);
      return { PROMOTE_DATA_DIR: at('read'), PROMOTE_TRUSTED_KEYS: at('read.json') };
    },
    check: 'evidence-key',
    what: /key_not_private: .* has mode 644/,
    todo: /correct it/,
    exitCode: 1,
  },
  {
    it: 'an evidence key that nobody enrolled',
    set: async () => {
      await believe(at('unknown'), at('unknown.json'));
      return { PROMOTE_DATA_DIR: at('unknown') };
    },
    check: 'evidence-key',
    level: 'warning',
    what: /trusted-keys\.json has no sha256:[0-9a-f]{64} for the deployment local/,
    todo: /promote evidence trust/,
    exitCode: 0,
  },
  {
    it: 'an evidence key that is known to be stolen',
    set: async () => {
      await believe(at('stolen'), at('stolen.json'));
      const keys = await readFile(at('stolen.json'), 'utf8');
      const marked = keys.replace(/"compromisedAt": null/, '"compromisedAt": "2026-01-02T03:04:05Z"');
      await writeFile(at('stolen.json'), marked);
      return { PROMOTE_DATA_DIR: at('stolen'), PROMOTE_TRUSTED_KEYS: at('stolen.json') };
    },
    check: 'evidence-key',
    what: /is marked as compromised since 2026-01-02T03:04:05Z/,
    todo: /move .*evidence\.pem away/,
    exitCode: 1,
  },
  {
    it: 'a git that is too old',
    set: async () => {
      await mkdir(at('bin'));
      await writeFile(at('bin', 'git'), '#!/bin/sh\necho git version 2.20.1\n', { mode: 0o755 });
      return { PATH: `${at('bin')}:${process.env['PATH']}` };
    },
    check: 'tools',
    what: /git 2\.20: older than 2\.38/,
    todo: /install git/,
    exitCode: 1,
  },
  {
    it: 'a runbook that is wrong',
    set: () => ({}),
    target: 'broken',
    check: 'runbook',
    what: /runbook\.yaml:\d+:\d+: wach/,
    todo: /promote runbook check/,
    exitCode: 1,
  },
  {
    it: 'a token that is not set',
    set: () => ({ TAU_OPERATOR_AUTH_TOKEN: '' }),
    check: 'variables',
    what: /the variable token .*has no value here/,
    todo: /set TAU_OPERATOR_AUTH_TOKEN/,
    exitCode: 1,
  },
  {
    it: 'a command that is not on PATH',
    set: () => ({ TAU_OPERATOR_COMMAND: 'no-such-command' }),
    check: 'commands',
    what: /the command no-such-command is not there/,
    todo: /install it or check PATH/,
    exitCode: 1,
  },
  {
    it: 'a git remote that does not answer',
    set: () => ({ TAU_PROMOTION_REMOTE: at('nowhere.git') }),
    check: 'git-remote',
    what: /remote_unreachable: .*nowhere\.git/,
    todo: /connect-a-repository\.md/,
    exitCode: 1,
  },
  {
    it: 'a branch that is not there',
    set: () => ({ TAU_PROMOTION_BRANCH: 'nowhere' }),
    check: 'git-remote',
    what: /branch_missing: .*create it/,
    todo: /connect-a-repository\.md/,
    exitCode: 1,
  },
  {
    it: 'a file of keys with nobody in it',
    set: () => ({}),
    target: 'trapped',
    check: 'policy',
    where: /allowed_signers|runbook\.yaml/,
    what: /\[(?:approver_without_key|person_without_key)\]/,
    todo: /promote policy check/,
    exitCode: 1,
  },
];

describe('a broken installation is told as such, with what to do', () => {
  test.each(BROKEN)(
    '$it',
    async ({ set, target, check, level = 'error', where = /./, what, todo, exitCode }) => {
      const over = await set();
      const flags = target === 'all' ? {} : { target: target ?? site.target };
      const seen = 'NODE_OPTIONS' in over ? await lookElsewhere(over) : await look(over, flags);
      const wrong = seen.findings.filter((each) => each.level === 'error' || each.level === 'warning');
      expect(wrong).toContainEqual({
        check,
        level,
        where: text(where),
        what: text(what),
        todo: text(todo),
      });
      expect(seen.exitCode, JSON.stringify(wrong)).toBe(exitCode);
      expect(seen.told).toBe(exitCode);
      // The rest is looked at all the same.
      expect(new Set(seen.findings.map((each) => each.check)).size).toBeGreaterThanOrEqual(
        EVERY_CHECK.length,
      );
    },
  );

  test('every target is looked at where none is named', async () => {
    const { findings, exitCode } = await look({}, {});
    const where = findings
      .filter(({ level }) => level === 'error')
      .map((each) => `${each.check} ${each.where}`);
    expect(where).toEqual(expect.arrayContaining(['runbook broken', 'retention namespace default']));
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'git-remote',
        level: 'ok',
        where: text(site.target),
      }),
    );
    expect(exitCode).toBe(1);
  });
});

/** In a process of its own, for what this one can't be given. */
async function lookElsewhere(over: Variables) {
  const environment = { ...site.environment, ...over };
  const ended = await promote({ cwd: site.cwd, environment }, '--json', 'doctor', '--target', site.target);
  const seen = document.parse(JSON.parse(ended.stdout));
  return { ...seen, told: seen.exitCode, exitCode: ended.exitCode };
}

const taskQueue = (): string => site.environment['PROMOTE_TASK_QUEUE'] ?? '';

/** As many as a namespace of the server takes. */
function allKeywords(): Readonly<Record<string, 2>> {
  return Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`Other${index}`, 2]));
}

/** A module that sets the clock of whatever loads it ten minutes ahead. */
async function shiftedClock(): Promise<string> {
  const file = at('clock.mjs');
  await writeFile(
    file,
    `const now = Date.now.bind(Date);
     const Shifted = class extends Date { constructor(...given) { given.length === 0 ? super(now() + 600_000) : super(...given); } };
     Shifted.now = () => now() + 600_000;
     globalThis.Date = Shifted;`,
  );
  return file;
}

/** A promotion whose worker fails each of its workflow tasks, on a task queue of its own. */
async function stuckPromotion(): Promise<string> {
  const name = `stuck-${randomBytes(4).toString('hex')}`;
  const { workflowService: service } = client;
  const handle = await client.workflow.start(PROMOTION, {
    workflowId: promotionId(name),
    taskQueue: name,
    args: [],
  });
  ends.push(() => handle.terminate('test ended').then(() => undefined));
  await vi.waitFor(
    async () => {
      const { taskToken } = await client.withDeadline(Date.now() + 5_000, () =>
        service.pollWorkflowTaskQueue({
          namespace: 'default',
          taskQueue: { name },
          identity: 'another build',
        }),
      );
      // WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR
      if (taskToken.length > 0)
        await service.respondWorkflowTaskFailed({ namespace: 'default', taskToken, cause: 24 });
      const { raw } = await handle.describe();
      expect(raw.pendingWorkflowTask?.attempt).toBeGreaterThan(3);
      const query = `WorkflowId = "${handle.workflowId}"`;
      expect((await client.workflow.count(query)).count).toBe(1);
    },
    { timeout: 60_000, interval: 50 },
  );
  return name;
}
