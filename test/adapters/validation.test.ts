// Proves one validation round as a whole, without Temporal: against the stand-in Tau, with real processes and files.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { createFileStore } from '../../src/adapters/evidence/file-store.js';
import { RunEvidence } from '../../src/adapters/evidence/run-evidence.js';
import { parseJsonBody } from '../../src/adapters/json-body.js';
import { validate, type ValidationReport } from '../../src/adapters/validation.js';
import type { ExpectationOverride } from '../../src/domain/override.js';
import type { Rehearsal } from '../../src/rehearsal/rehearsal.js';
import { scenarioNamed } from '../../src/rehearsal/scenarios.js';
import { openForTest } from '../rehearsal/stand-in.js';
import { refusalOf, scratchFolder } from './runbook/written-runbook.js';

/** "Evidence capture checklist" of the runbook. */
const CHECKLIST = [
  'readiness.txt',
  'gateway-status.json',
  'cortex-status.json',
  'operator-summary.json',
  'deployment-transport.json',
  'deployment-status.json',
];

interface Validated {
  readonly report: Promise<ValidationReport>;
  /** Gates in the order in which their answers were kept. */
  readonly told: readonly string[];
  readonly reports: string;
}

async function validated(
  rehearsal: Rehearsal,
  over: Readonly<Record<string, string | undefined>> = {},
  set: Readonly<Record<string, string>> = {},
  overrides: readonly ExpectationOverride[] = [],
): Promise<Validated> {
  const reports = join(await scratchFolder(), 'reports');
  const store = createFileStore(reports);
  const environment = { PATH: process.env['PATH'], ...rehearsal.environment, ...over };
  const told: string[] = [];
  const report = validate(
    {
      store,
      evidence: new RunEvidence(store),
      config: { environment, workingDirectory: rehearsal.workspace },
    },
    {
      runbookFile: rehearsal.runbookFile,
      set,
      commit: undefined,
      overrides,
      signal: new AbortController().signal,
      onGate: ({ gate }) => told.push(gate),
    },
  );
  return { report, told, reports };
}

const folders = (reports: string): Promise<readonly string[]> => readdir(reports).catch(() => []);

test('a healthy Tau passes, and the evidence folder has the checklist’s files', async () => {
  const rehearsal = await openForTest();
  const { report, told, reports } = await validated(rehearsal);
  const { passed, problems, gates, evidence } = await report;
  expect({ passed, problems }).toEqual({ passed: true, problems: [] });
  const ids = [
    'readiness',
    'gateway-status',
    'cortex-status',
    'operator-summary',
    'deployment-transport',
    'deployment-status',
  ];
  expect(gates.map(({ gate }) => gate)).toEqual(ids);
  expect([...told].sort()).toEqual([...ids].sort());
  expect(told.at(-1)).toBe('readiness');

  expect(await folders(reports)).toEqual([
    expect.stringMatching(/^\d{8}T\d{6}Z-validate-\d{8}T\d{9}Z-[0-9a-f]{8}$/),
  ]);
  const files = await readdir(join(evidence, 'validation-1'));
  expect(files.sort()).toEqual([...CHECKLIST, ...ids.map((id) => `${id}.outcome.json`)].sort());
  const read = (file: string): Promise<string> => readFile(join(evidence, 'validation-1', file), 'utf8');
  expect(await read('readiness.txt')).toMatch(/^status=pass$/m);
  for (const file of CHECKLIST.filter((name) => name.endsWith('.json')))
    expect({ file, body: parseJsonBody(Buffer.from(await read(file))) }).toMatchObject({
      file,
      body: { kind: 'json' },
    });
  expect(JSON.parse(await read('gateway-status.json'))).toMatchObject({
    service: { service_status: 'running' },
  });
});

describe('with another expectation of the operator summary', () => {
  const DEGRADED = { gate: 'readiness:operator', health: 'degraded', rolloutGate: 'hold' } as const;

  test('a Tau that holds there alone goes on, and neither the gate nor readiness is an earned pass', async () => {
    const rehearsal = await openForTest(scenarioNamed('readiness-fails'));
    const { report } = await validated(rehearsal, {}, {}, [DEGRADED]);
    const { passed, overrides, gates, evidence } = await report;
    expect(passed).toBe(true);
    expect(overrides).toEqual([{ gate: 'operator-summary', expect: { health: 'degraded', gate: 'hold' } }]);
    const verdicts = gates.map(({ gate, verdict }) => `${gate}: ${verdict}`);
    expect(verdicts).toEqual([
      'readiness: overridden',
      'gateway-status: pass',
      'cortex-status: pass',
      'operator-summary: overridden',
      'deployment-transport: pass',
      'deployment-status: pass',
    ]);
    expect(await outcome(evidence, 'operator-summary')).toMatchObject({
      verdict: 'overridden',
      reasonCodes: ['daemon:daemon_not_running', 'expectation_overridden'],
    });
    expect(await outcome(evidence, 'readiness')).toMatchObject({
      verdict: 'overridden',
      reasonCodes: ['readiness_passed', 'operator:expectation_overridden'],
    });
    const readiness = await readFile(join(evidence, 'validation-1/readiness.txt'), 'utf8');
    expect(readiness).toMatch(/\nstatus=overridden \(operator\)\n$/);
    expect(readiness).not.toContain('status=pass');
    expect(JSON.parse(await readFile(join(evidence, 'runbook.json'), 'utf8'))).toMatchObject({ overrides });
  });

  test('a Tau that is better than that holds', async () => {
    const { report } = await validated(await openForTest(), {}, {}, [DEGRADED]);
    const { passed, gates } = await report;
    expect(passed).toBe(false);
    const held = gates.filter(({ verdict }) => verdict === 'hold').map(({ gate }) => gate);
    expect(held).toEqual(['readiness', 'operator-summary']);
  });

  test('a gateway that is not there still does not pass', async () => {
    const rehearsal = await openForTest(scenarioNamed('readiness-fails'));
    const gateway = { gate: 'gateway-status', health: 'failing', rolloutGate: 'hold' } as const;
    const away = { baseUrl: 'http://127.0.0.1:1' };
    const { gates, passed } = await (await validated(rehearsal, {}, away, [DEGRADED, gateway])).report;
    expect(passed).toBe(false);
    expect(gates.find(({ gate }) => gate === 'gateway-status')).toMatchObject({
      kind: 'unreachable',
      verdict: 'hold',
    });
  });
});

test('no file of it holds the token', async () => {
  const rehearsal = await openForTest();
  const { evidence } = await (await validated(rehearsal)).report;
  const files = (await readdir(evidence, { recursive: true, withFileTypes: true })).filter((file) =>
    file.isFile(),
  );
  expect(files.length).toBeGreaterThan(CHECKLIST.length);
  for (const file of files)
    expect(await readFile(join(file.parentPath, file.name), 'utf8')).not.toContain(rehearsal.token);
});

test('a Tau that holds does not pass, and what it said is kept', async () => {
  const { report } = await validated(await openForTest(scenarioNamed('gateway-stopped')));
  const { passed, gates, evidence } = await report;
  expect(passed).toBe(false);
  const held = gates.filter(({ verdict }) => verdict === 'hold').map(({ gate }) => gate);
  expect(held).toEqual(expect.arrayContaining(['readiness', 'gateway-status', 'operator-summary']));
  const readiness = await readFile(join(evidence, 'validation-1/readiness.txt'), 'utf8');
  expect(readiness).toMatch(/^error: /m);
  expect(readiness).not.toContain('status=pass');
});

test('a gateway that is not there does not pass, and still leaves a whole folder', async () => {
  const { report } = await validated(await openForTest(), {}, { baseUrl: 'http://127.0.0.1:1' });
  const { passed, gates, evidence } = await report;
  expect(passed).toBe(false);
  expect(gates.find(({ gate }) => gate === 'gateway-status')).toMatchObject({
    kind: 'unreachable',
    verdict: 'hold',
  });
  expect(await readdir(join(evidence, 'validation-1'))).toContain('gateway-status.txt');
});

test('a command that runs but fails is a problem, and does not pass', async () => {
  const { report } = await validated(await openForTest(), { TAU_OPERATOR_COMMAND: 'false' });
  const { passed, problems } = await report;
  expect(passed).toBe(false);
  expect(problems).toEqual([expect.stringMatching(/^tau-coding-agent-runs: command_failed: /)]);
});

test('neither approvers nor a remote are needed', async () => {
  const over = { TAU_PROMOTION_APPROVERS: undefined, TAU_PROMOTION_REMOTE: undefined };
  const { report } = await validated(await openForTest(), over);
  expect((await report).passed).toBe(true);
});

describe('nothing is asked or written', () => {
  test.each<{
    where: string;
    over: Readonly<Record<string, string | undefined>>;
    code: string;
    says: RegExp;
  }>([
    {
      where: 'the token is missing',
      over: { TAU_OPERATOR_AUTH_TOKEN: undefined },
      code: 'missing_variable',
      says: /^the variable token .* set TAU_OPERATOR_AUTH_TOKEN in the environment/,
    },
    {
      where: 'the token is too short to be kept out of texts',
      over: { TAU_OPERATOR_AUTH_TOKEN: 'short' },
      code: 'missing_variable',
      says: /^secret token: has under 8 characters$/,
    },
    {
      where: 'the token is a word of the contract',
      over: { TAU_OPERATOR_AUTH_TOKEN: 'rollout_gate' },
      code: 'missing_variable',
      says: /^secret token: is a word that answers are judged by$/,
    },
    {
      where: 'the command is not there',
      over: { TAU_OPERATOR_COMMAND: '/no/such/agent' },
      code: 'bad_usage',
      says: /^the command \/no\/such\/agent is not there/,
    },
    {
      where: 'the working directory is not there',
      over: { TAU_OPERATOR_WORKING_DIRECTORY: '/no/such/folder' },
      code: 'bad_usage',
      says: /^\/no\/such\/folder is no directory/,
    },
  ])('where $where', async ({ over, code, says }) => {
    const { report, told, reports } = await validated(await openForTest(), over);
    const refused = await refusalOf(report);
    expect(refused).toMatchObject({ code, problems: [expect.stringMatching(says)] });
    expect([...told, ...(await folders(reports))]).toEqual([]);
  });

  test('where the runbook is none', async () => {
    const rehearsal = await openForTest();
    const { report, reports } = await validated({ ...rehearsal, runbookFile: rehearsal.command });
    expect((await refusalOf(report)).code).toBe('invalid_runbook');
    expect(await folders(reports)).toEqual([]);
  });

  test('where what is expected otherwise is of no gate', async () => {
    const gate = { gate: 'operator', health: 'failing', rolloutGate: 'hold' } as const;
    const { report, told, reports } = await validated(await openForTest(), {}, {}, [gate]);
    expect((await refusalOf(report)).code).toBe('bad_usage');
    expect([...told, ...(await folders(reports))]).toEqual([]);
  });

  test('where --set names what the runbook does not have', async () => {
    const { report, reports } = await validated(await openForTest(), {}, { nonsense: 'x' });
    expect((await refusalOf(report)).code).toBe('bad_usage');
    expect(await folders(reports)).toEqual([]);
  });
});

async function outcome(evidence: string, gate: string): Promise<unknown> {
  return JSON.parse(await readFile(join(evidence, `validation-1/${gate}.outcome.json`), 'utf8'));
}
