// Proves how a gate's question becomes a result and bytes for the evidence: against the stand-in Tau, real commands, and
// HTTP servers that answer anything. Connecting, deadlines and retries are proven with the probes, reading with tau.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { askGate } from '../../../src/adapters/gates/ask.js';
import { observe } from '../../../src/adapters/gates/observe.js';
import { parseJsonBody } from '../../../src/adapters/json-body.js';
import { judge } from '../../../src/domain/verdict.js';
import { scenarioNamed } from '../../../src/rehearsal/scenarios.js';
import { openForTest } from '../../rehearsal/stand-in.js';
import {
  GATEWAY_GATE,
  load,
  scratchFolder,
  smallRunbook,
  TOKEN,
  type Written,
} from '../runbook/written-runbook.js';
import { asking, questionsOf, serve, textOf } from './questions.js';

const SURFACES = [
  'gateway-status',
  'cortex-status',
  'operator-summary',
  'deployment-transport',
  'deployment-status',
] as const;

test('every gate of a healthy Tau passes, and its answer is kept as JSON under the gate’s name', async () => {
  const { loaded, ask } = await questionsOf(await openForTest());
  for (const id of SURFACES) {
    const asked = await askGate(loaded, id, ask);
    expect(asked.result).toMatchObject({
      gate: id,
      kind: 'answered',
      verdict: 'pass',
      health: 'healthy',
      failing: false,
    });
    expect(asked.result.reasonCodes).not.toEqual([]);
    expect(asked.files.map(({ name }) => name)).toEqual([`${id}.json`]);
    expect(parseJsonBody(asked.files[0]?.bytes ?? new Uint8Array()).kind).toBe('json');
    expect(asked.tries.at(-1)).toMatchObject({ outcome: 'answered' });
  }
});

test.each<{ scenario: string; gate: (typeof SURFACES)[number]; result: object }>([
  {
    scenario: 'hold-healed',
    gate: 'cortex-status',
    result: {
      verdict: 'hold',
      reasonCodes: expect.arrayContaining(['cortex_chat_activity_missing']) as unknown,
    },
  },
  {
    scenario: 'gateway-stopped',
    gate: 'gateway-status',
    result: {
      verdict: 'hold',
      rolloutGate: 'hold',
      reasonCodes: expect.arrayContaining(['service_stopped']) as unknown,
    },
  },
  {
    scenario: 'emergency-stopped',
    gate: 'gateway-status',
    result: {
      verdict: 'hold',
      reasonCodes: expect.arrayContaining(['stopped_by_emergency_rollback']) as unknown,
    },
  },
  {
    scenario: 'hold-stays',
    gate: 'deployment-status',
    result: { verdict: 'hold', health: 'degraded', failing: false },
  },
  { scenario: 'hold-stays', gate: 'operator-summary', result: { verdict: 'pass' } },
  {
    scenario: 'repeated-failing',
    gate: 'deployment-transport',
    result: { verdict: 'hold', health: 'failing', failing: true },
  },
  {
    scenario: 'repeated-failing',
    gate: 'deployment-status',
    result: { verdict: 'hold', health: 'failing', failing: true },
  },
  { scenario: 'repeated-failing', gate: 'operator-summary', result: { verdict: 'hold', failing: true } },
  {
    scenario: 'malformed',
    gate: 'cortex-status',
    result: { kind: 'malformed', verdict: 'hold', health: 'unknown' },
  },
  {
    scenario: 'unauthorized',
    gate: 'gateway-status',
    result: { kind: 'misconfigured', verdict: 'hold', reasonCodes: ['http_status_401'] },
  },
])(
  'of the scenario $scenario the gate $gate is judged by what it says',
  async ({ scenario, gate, result }) => {
    const { loaded, ask } = await questionsOf(await openForTest(scenarioNamed(scenario)));
    expect((await askGate(loaded, gate, ask)).result).toMatchObject({ gate, ...result });
  },
);

test('every try is kept with its time and outcome, the answer last', async () => {
  const { loaded, ask } = await questionsOf(await openForTest(scenarioNamed('server-errors')));
  const { tries, result } = await askGate(loaded, 'gateway-status', ask);
  expect(result.verdict).toBe('pass');
  expect(tries.map(({ outcome }) => outcome)).toEqual(['http_status_500', 'http_status_500', 'answered']);
});

const askOf = async (body: string | Buffer, status = 200) => {
  const baseUrl = await serve((_request, response) => response.writeHead(status).end(body));
  const loaded = await load(smallRunbook(), { set: { baseUrl } });
  return askGate(loaded, 'gateway-status', asking(loaded));
};

describe('a gateway that answers', () => {
  const HEALTHY = { health_state: 'healthy', rollout_gate: 'pass', reason_code: 'all_checks_passing' };
  test.each([
    { what: 'nothing', body: '', code: 'answer_empty', file: 'txt' },
    { what: 'white space', body: ' \n', code: 'answer_empty', file: 'txt' },
    { what: 'HTML', body: '<html>ok</html>', code: 'answer_not_json', file: 'txt' },
    { what: 'half an answer', body: '{"health_state":"healthy"', code: 'answer_not_json', file: 'txt' },
    {
      what: 'bytes that are no text',
      body: Buffer.from([0x22, 0xff, 0x22]),
      code: 'answer_not_utf8',
      file: 'txt',
    },
    {
      what: 'a mark before its JSON',
      body: `\ufeff${JSON.stringify(HEALTHY)}`,
      code: 'answer_not_json',
      file: 'txt',
    },
    {
      what: 'a thousand nested lists',
      body: '['.repeat(1000) + ']'.repeat(1000),
      code: 'answer_too_deep',
      file: 'txt',
    },
    { what: 'null', body: 'null', code: 'answer_outside_contract', file: 'json' },
    { what: 'a list', body: JSON.stringify([HEALTHY]), code: 'answer_outside_contract', file: 'json' },
    {
      what: 'another health',
      body: JSON.stringify({ ...HEALTHY, health_state: 'Healthy' }),
      code: 'answer_outside_contract',
      file: 'json',
    },
    {
      what: 'truth for a gate',
      body: JSON.stringify({ ...HEALTHY, rollout_gate: true }),
      code: 'answer_outside_contract',
      file: 'json',
    },
    {
      what: 'its posture under a prototype',
      body: `{"__proto__":${JSON.stringify(HEALTHY)}}`,
      code: 'answer_outside_contract',
      file: 'json',
    },
  ])('$what is malformed and holds, and the bytes are kept as they came', async ({ body, code, file }) => {
    const asked = await askOf(body);
    expect(asked.result).toMatchObject({
      kind: 'malformed',
      verdict: 'hold',
      health: 'unknown',
      rolloutGate: 'hold',
      reasonCodes: [code],
      failing: false,
    });
    expect(asked.result.detail).not.toBe('');
    expect(asked.files.map(({ name }) => name)).toEqual([`gateway-status.${file}`]);
    expect(Buffer.from(asked.files[0]?.bytes ?? '')).toEqual(Buffer.from(body));
  });

  test('more than may be read is malformed, and what is kept of it is bounded', async () => {
    const asked = await askOf(JSON.stringify({ ...HEALTHY, padding: 'x'.repeat(5 * 1024 * 1024) }));
    expect(asked.result).toMatchObject({
      kind: 'malformed',
      verdict: 'hold',
      reasonCodes: ['http_too_large'],
    });
    expect(asked.files[0]?.bytes.byteLength).toBeLessThanOrEqual(512 * 1024);
  });

  test('a pass without a reason code holds', async () => {
    const { result } = await askOf(JSON.stringify({ health_state: 'healthy', rollout_gate: 'pass' }));
    expect(result).toMatchObject({
      kind: 'answered',
      verdict: 'hold',
      reasonCodes: ['reason_codes_missing'],
    });
  });

  test('a healthy answer under a status that is none is not believed', async () => {
    const { result, files } = await askOf(JSON.stringify(HEALTHY), 403);
    expect(result).toMatchObject({
      kind: 'misconfigured',
      verdict: 'hold',
      reasonCodes: ['http_status_403'],
    });
    expect(files.map(({ name }) => name)).toEqual(['gateway-status.json']);
  });

  test('what an unexpected health was is said beside the system’s own codes', async () => {
    const { result } = await askOf(JSON.stringify({ ...HEALTHY, health_state: 'failing' }));
    expect(result).toMatchObject({ verdict: 'hold', failing: true });
    expect(result.reasonCodes).toEqual(['all_checks_passing', 'health_not_expected']);
  });
});

test('a gateway that can’t be reached is unreachable, and an empty answer is kept', async () => {
  const loaded = await load(smallRunbook(), { set: { baseUrl: 'http://127.0.0.1:1' } });
  const { result, files, tries } = await askGate(loaded, 'gateway-status', asking(loaded));
  expect(result).toMatchObject({ kind: 'unreachable', verdict: 'hold', health: 'unknown', failing: false });
  expect(files).toEqual([{ name: 'gateway-status.txt', bytes: Buffer.alloc(0) }]);
  expect(tries.length).toBeGreaterThan(0);
});

test('a question that is refused before it is sent leaves no file', async () => {
  const loaded = await load(smallRunbook(), { set: { baseUrl: 'ftp://127.0.0.1' } });
  const { result, files, tries } = await askGate(loaded, 'gateway-status', asking(loaded));
  expect(result).toMatchObject({ kind: 'misconfigured', verdict: 'hold' });
  expect([...files, ...tries]).toEqual([]);
});

test('a cancelled question throws the cancellation and nothing else', async () => {
  const baseUrl = await serve(() => {});
  const loaded = await load(smallRunbook(), { set: { baseUrl } });
  const cancelled = new Error('cancelled');
  const asked = askGate(loaded, 'gateway-status', asking(loaded, {}, AbortSignal.abort(cancelled)));
  await expect(asked).rejects.toBe(cancelled);
});

const echoed = async (bodyOf: (authorization: string) => string) => {
  const baseUrl = await serve((request, response) =>
    response.end(bodyOf(request.headers.authorization ?? '')),
  );
  const loaded = await load(smallRunbook(), { set: { baseUrl } });
  return { loaded, asked: await askGate(loaded, 'gateway-status', asking(loaded)) };
};

const healthy = (more: object): string =>
  JSON.stringify({
    health_state: 'healthy',
    rollout_gate: 'pass',
    reason_code: 'all_checks_passing',
    ...more,
  });

describe('a gateway that echoes the token', () => {
  test('is asked with it, and it is in nothing that is kept or told', async () => {
    const { asked } = await echoed((authorization) =>
      healthy({ said: authorization, seen: btoa(authorization) }),
    );
    expect(asked.result.verdict).toBe('pass');
    expect(textOf(asked)).toContain('[redacted:token]');
    expect(asked.redactions['token']).toBeGreaterThan(0);
    expect(JSON.stringify([asked, textOf(asked)])).not.toContain(TOKEN);
    expect(textOf(asked)).not.toContain(btoa(`Bearer ${TOKEN}`));
  });

  test('in its reason code is judged by the redacted bytes, so that a stranger comes to the same verdict', async () => {
    const { loaded, asked } = await echoed((authorization) =>
      healthy({ reason_code: authorization.slice(7) }),
    );
    expect(asked.result.reasonCodes).toEqual(['[redacted:token]']);
    const [gate] = loaded.runbook.gates;
    if (gate === undefined) throw new Error('no gate');
    const { bytes } = asked.files[0] ?? { bytes: new Uint8Array() };
    const stored = {
      kind: 'answered',
      body: bytes,
      stderr: new Uint8Array(),
      tries: [],
      redactions: {},
      presentBefore: {},
      status: 200,
      exitCode: undefined,
    } as const;
    expect(judge('gateway-status', observe(gate, stored), gate.expect)).toEqual(asked.result);
  });

  test('in an error’s body does not reach the detail', async () => {
    const baseUrl = await serve((request, response) =>
      response.writeHead(418).end(`no such key: ${request.headers.authorization ?? ''}`),
    );
    const loaded = await load(smallRunbook(), { set: { baseUrl } });
    const asked = await askGate(loaded, 'gateway-status', asking(loaded));
    expect(asked.result.detail).toContain('[redacted:');
    expect(JSON.stringify([asked.result, textOf(asked)])).not.toContain(TOKEN);
  });
});

const askCommand = async (script: string, command: Written = {}) => {
  const gate = { ...GATEWAY_GATE, deadline: '10s', http: undefined };
  const argv = ['sh', '-c', script.replaceAll('${', '$${')];
  const loaded = await load(smallRunbook({ gates: [{ ...gate, command: { argv, ...command } }] }));
  return askGate(loaded, 'gateway-status', asking(loaded, { environment: { SMALL_EXTRA: 'extra' } }));
};

describe('a gate that runs a command', () => {
  test('keeps what it printed, its errors beside it, and the secrets in neither', async () => {
    const said =
      '{"rollout_gate":"pass","health_state":"healthy","reason_code":"ok","auth_token":"abcdefgh"}';
    const asked = await askCommand(`echo '${said}'; echo 'login with ${TOKEN}' >&2`);
    expect(asked.result).toMatchObject({ kind: 'answered', verdict: 'pass', reasonCodes: ['ok'] });
    expect(asked.files.map(({ name }) => name)).toEqual(['gateway-status.json', 'gateway-status.stderr.txt']);
    expect(textOf(asked)).toContain('"auth_token":"[redacted:token]"');
    expect(textOf(asked, 1)).toBe('login with [redacted:token]\n');
    expect(asked.redactions).toEqual({ token: 2 });
  });

  test.each([
    { ends: 'exit 1', script: 'echo "{}"; exit 1', kind: 'unreachable', code: 'command_failed' },
    { ends: 'a usage error', script: 'exit 2', kind: 'misconfigured', code: 'command_usage' },
    { ends: 'silence', script: 'exit 0', kind: 'unreachable', code: 'command_no_output' },
    { ends: 'a signal', script: 'kill -9 $$', kind: 'unreachable', code: 'command_failed' },
    { ends: 'no JSON', script: 'echo fine', kind: 'malformed', code: 'answer_not_json' },
  ])('and ends in $ends holds as $kind', async ({ script, kind, code }) => {
    expect((await askCommand(script)).result).toMatchObject({ kind, verdict: 'hold', reasonCodes: [code] });
  });

  test('gets PATH, HOME and what its runbook names of the worker’s environment, and no secret', async () => {
    const posture = '"rollout_gate":"pass","health_state":"healthy","reason_code":"ok"';
    const script = `printf '{${posture},"env":"%s"}' "$(env | cut -d= -f1 | sort | tr '\\n' ' ')"`;
    const seen = async (command: Written): Promise<readonly string[]> => {
      const asked = await askCommand(script, command);
      const { env } = z.object({ env: z.string() }).parse(JSON.parse(textOf(asked)));
      return env.split(' ').filter((name) => !['', '_', 'PWD', 'SHLVL', 'OLDPWD'].includes(name));
    };
    expect(await seen({})).toEqual(['LANG', 'PATH']);
    expect(await seen({ environment: ['SMALL_EXTRA'] })).toEqual(['LANG', 'PATH', 'SMALL_EXTRA']);
  });

  test('in a directory that is not there is misconfigured', async () => {
    const workingDirectory = `${await scratchFolder()}/gone`;
    const { result, files } = await askCommand('echo', { workingDirectory });
    expect(result).toMatchObject({ kind: 'misconfigured', reasonCodes: ['working_directory_missing'] });
    expect(files.map(({ name }) => name)).toEqual(['gateway-status.txt']);
  });
});

test('a gate that the runbook does not have is a bug and says so', async () => {
  const loaded = await load(smallRunbook());
  await expect(askGate(loaded, 'nonsense', asking(loaded))).rejects.toThrow(
    'the runbook small has no gate nonsense',
  );
});
