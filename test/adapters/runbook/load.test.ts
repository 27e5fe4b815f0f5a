// Proves what a loaded runbook is bound to: its digests, its addresses and directories, its approvers, on real files and a
// real git repository. What the schema itself refuses is proven with the contracts.
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';

import { parseCanonical } from '../../../src/adapters/canonical.js';
import { resolvedRunbook } from '../../../src/adapters/runbook/resolve.js';
import {
  APPROVER_A,
  APPROVER_B,
  GATEWAY_GATE,
  load,
  refusalOf,
  scratchFolder,
  smallRunbook,
  withRepair,
  withVariables,
  type Loading,
  type Written,
} from './written-runbook.js';

const digestOf = async (runbook: Written | string, loading: Loading = {}): Promise<string> =>
  (await load(runbook, loading)).digest;

const gateWith = (changes: Written): Written => smallRunbook({ gates: [{ ...GATEWAY_GATE, ...changes }] });

const policyOf = async (approval: Written, more: Written = {}): Promise<string> =>
  (await load(smallRunbook({ approval, ...more }))).policy;

describe('the digest', () => {
  test('stays the same under comments, order of keys, quoting and defaults that are written out', async () => {
    const plain = await digestOf(smallRunbook());
    const reversed = Object.fromEntries(Object.entries(smallRunbook()).toReversed());
    expect(
      await digestOf(`# comment\n${stringify(smallRunbook(), { defaultStringType: 'QUOTE_SINGLE' })}`),
    ).toBe(plain);
    expect(await digestOf(reversed)).toBe(plain);
    expect(await digestOf(smallRunbook({ remediation: { retries: 1 }, owners: [] }))).toBe(plain);
  });

  const changes: { what: string; runbook: Written }[] = [
    { what: 'what a gate expects', runbook: gateWith({ expect: { health: 'degraded', gate: 'pass' } }) },
    { what: 'a deadline', runbook: gateWith({ deadline: '501ms' }) },
    {
      what: 'an address',
      runbook: gateWith({ http: { ...GATEWAY_GATE.http, url: '${baseUrl}/gateway/status?' } }),
    },
    { what: 'an approver', runbook: smallRunbook({ approval: { approvers: [APPROVER_A] } }) },
    {
      what: 'how many approve',
      runbook: smallRunbook({ approval: { approvers: [APPROVER_A, APPROVER_B], required: 2 } }),
    },
    { what: 'the number of retries', runbook: smallRunbook({ remediation: { retries: 2 } }) },
    { what: 'an owner', runbook: smallRunbook({ owners: [{ name: 'crates/tau-gateway' }] }) },
    {
      what: 'the name of a secret’s variable',
      runbook: withVariables({ token: { env: 'OTHER', secret: true } }),
    },
    { what: 'a repair', runbook: withRepair({ command: { argv: ['start'] } }) },
  ];

  test.each(changes)('changes with $what', async ({ runbook }) => {
    const environment = { OTHER: 'a-token-of-some-length' };
    expect(await digestOf(runbook, { environment })).not.toBe(await digestOf(smallRunbook()));
  });

  test('changes with the value of a variable, wherever it comes from', async () => {
    const digests = [
      await digestOf(smallRunbook()),
      await digestOf(smallRunbook(), { set: { baseUrl: 'http://a.example' } }),
      await digestOf(smallRunbook(), { environment: { SMALL_BASE_URL: 'http://b.example' } }),
    ];
    expect(new Set(digests).size).toBe(3);
    expect(await digestOf(smallRunbook(), { environment: { SMALL_BASE_URL: 'http://a.example' } })).toBe(
      digests[1],
    );
  });

  test('is over canonical bytes, from which the same runbook comes back', async () => {
    const loaded = await load(withRepair({ http: { url: 'http://x.example', json: { a: [1, null, 'é'] } } }));
    const again = resolvedRunbook(loaded.runbook, undefined);
    expect(again).toEqual(loaded);
    expect(parseCanonical(loaded.bytes)).toEqual(JSON.parse(JSON.stringify(loaded.runbook)));
  });

  test('of the policy changes with approvers, their number and self-approval, and with nothing else', async () => {
    const approvers = [APPROVER_A, APPROVER_B];
    const plain = await policyOf({ approvers });
    expect(await policyOf({ approvers, expires: '1h' }, { owners: [{ name: 'x' }] })).toBe(plain);
    const others = [
      await policyOf({ approvers: [APPROVER_A] }),
      await policyOf({ approvers, required: 2 }),
      await policyOf({ approvers, selfApproval: true }),
    ];
    expect(new Set([plain, ...others]).size).toBe(4);
  });

  test.each([
    { what: 'a number with a fraction', json: { amount: 1.5 } },
    { what: 'half a surrogate pair', json: { text: '\ud800' } },
  ])('can’t be over $what, which is the runbook’s fault and told so', async ({ json }) => {
    const yaml = JSON.stringify(withRepair({ http: { url: 'http://x.example', json } }));
    const refused = await refusalOf(load(yaml));
    expect(refused).toMatchObject({
      code: 'invalid_runbook',
      problems: [expect.stringContaining('runbook.yaml')],
    });
  });
});

describe('what only asks', () => {
  const written = withVariables(
    { people: { env: 'SMALL_PEOPLE', list: true }, remote: { env: 'SMALL_REMOTE' } },
    { approval: { approvers: '${people}' } },
  );

  test('needs neither approvers nor a remote', async () => {
    const { runbook, plan } = await load(written, { extent: 'gates' });
    expect(runbook.gates[0]?.http?.url).toBe('http://127.0.0.1:9/gateway/status');
    expect(plan.approval.approvers).toEqual([]);
  });

  test('needs the secrets that its gates name', async () => {
    const refused = await refusalOf(
      load(written, { extent: 'gates', environment: { SMALL_TOKEN: undefined } }),
    );
    expect(refused.code).toBe('missing_variable');
  });

  test('is more than promoting needs nothing of', async () => {
    expect((await refusalOf(load(written))).code).toBe('missing_variable');
  });
});

const stepsWith = (git: Written): Written =>
  smallRunbook({
    promotion: { steps: [{ id: 'environment-branch', git: { branch: 'production', ...git } }] },
  });

const remoteOf = async (git: Written, workingDirectory = '/'): Promise<string | undefined> =>
  (await load(stepsWith(git), { workingDirectory })).runbook.promotion.steps[0]?.git?.remote;

describe('a remote', () => {
  test.each([
    'https://git.example.org/tau.git',
    'ssh://git@git.example.org/tau.git',
    'git@git.example.org:tau.git',
    'file:///srv/tau.git',
    '/srv/tau.git',
  ])('that is given as %s is that', async (remote) => {
    expect(await remoteOf({ remote })).toBe(remote);
  });

  test('that is a relative path is one from the working directory', async () => {
    const folder = await scratchFolder();
    expect(await remoteOf({ remote: './tau.git' }, folder)).toBe(join(folder, 'tau.git'));
    expect(await remoteOf({ remote: '../tau.git', workingDirectory: 'clone' }, folder)).toBe(
      join(folder, 'tau.git'),
    );
  });

  test('that is a name is what the repository of the working directory calls so', async () => {
    const folder = await scratchFolder();
    await execa('git', ['init', '--quiet', join(folder, 'clone')]);
    const git = (...args: string[]): Promise<unknown> => execa('git', ['-C', join(folder, 'clone'), ...args]);
    await git('remote', 'add', 'origin', 'https://git.example.org/tau.git');
    await git('remote', 'add', 'beside', '../tau.git');
    expect(await remoteOf({ remote: 'origin', workingDirectory: 'clone' }, folder)).toBe(
      'https://git.example.org/tau.git',
    );
    expect(await remoteOf({ remote: 'beside', workingDirectory: 'clone' }, folder)).toBe(
      join(folder, 'tau.git'),
    );
  });

  test('that is relative is so from the top of the repository, as git itself takes it', async () => {
    const folder = await scratchFolder();
    await execa('git', ['init', '--quiet', join(folder, 'clone')]);
    await execa('git', ['-C', join(folder, 'clone'), 'remote', 'add', 'origin', '../tau.git']);
    await execa('git', ['-C', join(folder, 'clone'), 'remote', 'add', 'inside', 'remotes/tau.git']);
    await mkdir(join(folder, 'clone', 'deep', 'er'), { recursive: true });
    const workingDirectory = join(folder, 'clone', 'deep', 'er');
    expect(await remoteOf({ remote: 'origin' }, workingDirectory)).toBe(join(folder, 'tau.git'));
    expect(await remoteOf({ remote: 'inside' }, workingDirectory)).toBe(
      join(folder, 'clone', 'remotes/tau.git'),
    );
  });

  test('that has no such name there is refused in one line', async () => {
    const folder = await scratchFolder();
    const refused = await refusalOf(remoteOf({ remote: 'origin' }, folder));
    expect(refused).toEqual({
      code: 'missing_variable',
      problems: [
        `the git remote origin is not known in ${folder}: name a remote of that repository, or give its URL or path`,
      ],
    });
  });

  test('whose password git knows does not reach the runbook', async () => {
    const folder = await scratchFolder();
    await execa('git', ['init', '--quiet', folder]);
    await execa('git', [
      '-C',
      folder,
      'remote',
      'add',
      'origin',
      'https://me:hunter2-hunter2@git.example.org/t.git',
    ]);
    const { bytes } = await load(stepsWith({ remote: 'origin' }), { workingDirectory: folder });
    expect(Buffer.from(bytes).toString('utf8')).not.toContain('hunter2');
  });
});

describe('a working directory', () => {
  const command = { argv: ['agent'] };
  const verify = { gate: 'gateway-status', expect: { gate: 'hold', reasonCodes: ['service_stopped'] } };
  const written = smallRunbook({
    prerequisites: [{ id: 'runs', command }],
    remediation: {
      repairs: [
        { id: 'start', helps: { 'gateway-status': ['x'] }, command: { ...command, workingDirectory: 'tau' } },
      ],
    },
    promotion: { steps: [{ id: 'apply', command: { ...command, workingDirectory: '/srv/tau' } }] },
    rollback: {
      triggers: { repeatedFailing: { gates: ['gateway-status'] } },
      steps: [{ id: 'stop', command: { ...command, workingDirectory: '../tau' }, verify }],
    },
  });

  test('is absolute in every command, and the one that was given is part of the digest', async () => {
    const { runbook, digest } = await load(written, { workingDirectory: '/srv/here' });
    expect(runbook.prerequisites[0]?.command.workingDirectory).toBe('/srv/here');
    expect(runbook.remediation.repairs[0]?.command?.workingDirectory).toBe('/srv/here/tau');
    expect(runbook.promotion.steps[0]?.command?.workingDirectory).toBe('/srv/tau');
    expect(runbook.rollback.steps[0]?.command?.workingDirectory).toBe('/srv/tau');
    expect((await load(written, { workingDirectory: '/srv/there' })).digest).not.toBe(digest);
  });

  test('stays as it was written where links lead through it', async () => {
    const folder = await scratchFolder();
    await mkdir(join(folder, 'real'));
    await symlink('real', join(folder, 'link'));
    const { runbook } = await load(written, { workingDirectory: join(folder, 'link') });
    expect(runbook.prerequisites[0]?.command.workingDirectory).toBe(join(folder, 'link'));
  });
});

describe('approvers', () => {
  const variables = { people: { env: 'SMALL_PEOPLE', list: true } };
  const approvedBy = (people: string, more: Written = {}): ReturnType<typeof load> =>
    load(withVariables(variables, { approval: { approvers: '${people}', ...more } }), {
      environment: { SMALL_PEOPLE: people },
    });

  test('that are listed twice count once', async () => {
    const { plan } = await approvedBy(`${APPROVER_A},${APPROVER_A}, ${APPROVER_B}`);
    expect(plan.approval.approvers).toEqual([APPROVER_A, APPROVER_B]);
  });

  test.each([
    { what: 'an empty list', people: ' , ,', says: 'approval.approvers is empty: nobody could decide' },
    { what: 'a malformed name', people: `${APPROVER_A},Bad Name`, says: '"Bad Name" is no name' },
    { what: 'a pattern', people: '*@example.org', says: '"*@example.org" is no name' },
  ])('that are $what are refused', async ({ people, says }) => {
    const refused = await refusalOf(approvedBy(people));
    expect(refused).toMatchObject({ code: 'invalid_runbook', problems: [expect.stringContaining(says)] });
  });

  test('that are fewer than required are refused, also where a name stands twice', async () => {
    const refused = await refusalOf(approvedBy(`${APPROVER_A},${APPROVER_A}`, { required: 2 }));
    expect(refused.problems).toEqual([
      expect.stringContaining('approval.required is 2, but only 1 approvers are listed'),
    ]);
  });

  test('that are written as an empty list are refused by line and column', async () => {
    const refused = await refusalOf(load(smallRunbook({ approval: { approvers: [] } })));
    expect(refused.problems[0]).toMatch(/runbook\.yaml:\d+:\d+: approval\.approvers/);
  });
});

test('a runbook that can’t be read is named with what to do', async () => {
  const { readRunbook } = await import('../../../src/adapters/runbook/read.js');
  expect(await refusalOf(readRunbook('/nowhere/runbook.yaml'))).toEqual({
    code: 'invalid_runbook',
    problems: ["/nowhere/runbook.yaml: the runbook can't be read: check the path"],
  });
});
