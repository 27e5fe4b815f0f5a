// Proves how the readiness gate is derived from the answers of its own round: asked from the stand-in Tau, and made up.
// The validator's rules themselves are proven with tau.
import { describe, expect, test } from 'vitest';

import { askGate } from '../../../src/adapters/gates/ask.js';
import { deriveGate, type RoundAnswer } from '../../../src/adapters/gates/derive.js';
import type { LoadedRunbook } from '../../../src/adapters/runbook/load.js';
import { scenarioNamed } from '../../../src/rehearsal/scenarios.js';
import { openForTest } from '../../rehearsal/stand-in.js';
import { load, smallRunbook, GATEWAY_GATE } from '../runbook/written-runbook.js';
import { questionsOf, textOf } from './questions.js';

/** Asks the three parts and derives, as a round does. */
async function readinessOf(scenario: string) {
  const { loaded, ask } = await questionsOf(await openForTest(scenarioNamed(scenario)));
  return deriveGate(loaded, 'readiness', async (part) => {
    const { result, files } = await askGate(loaded, part, ask);
    return { outcome: { ...result, reasonCodes: [...result.reasonCodes] }, body: files[0]?.bytes };
  });
}

describe('against the stand-in Tau', () => {
  test('it passes where all three parts do, and its evidence is what the validator prints', async () => {
    const derived = await readinessOf('healthy');
    expect(derived.result).toMatchObject({
      gate: 'readiness',
      kind: 'answered',
      verdict: 'pass',
      health: 'healthy',
      reasonCodes: ['readiness_passed'],
    });
    expect(derived.files.map(({ name }) => name)).toEqual(['readiness.txt']);
    expect(textOf(derived)).toMatch(
      /^operator-readiness-live-check\nbase_url=http:\/\/127\.0\.0\.1:\d+\nauth_mode=token\n/,
    );
    expect(textOf(derived)).toMatch(/\nstatus=pass\n$/);
    expect(derived.tries).toEqual([]);
  });

  test('it holds with the codes of the part that holds, named by its surface', async () => {
    const derived = await readinessOf('gateway-stopped');
    expect(derived.result).toMatchObject({ kind: 'answered', verdict: 'hold' });
    expect(derived.result.reasonCodes).toContain('gateway:service_stopped');
    expect(textOf(derived)).toContain('error: gateway status rollout_gate=');
    expect(textOf(derived)).not.toContain('status=pass');
  });

  test('it is malformed where the one part that holds is', async () => {
    const { result } = await readinessOf('malformed');
    expect(result).toMatchObject({
      kind: 'malformed',
      verdict: 'hold',
      reasonCodes: ['cortex:answer_not_json'],
    });
  });

  test('it is misconfigured where both HTTP parts refuse the token and the summary passes', async () => {
    const { result } = await readinessOf('unauthorized');
    expect(result).toMatchObject({ kind: 'misconfigured', verdict: 'hold', failing: false });
  });
});

const silent = (kind: 'unreachable' | 'malformed' | 'misconfigured', code: string): RoundAnswer => ({
  outcome: { kind, reasonCodes: [code], detail: `it is ${kind}` },
  body: undefined,
});

describe('from answers that are made up', () => {
  const PASS: RoundAnswer = {
    outcome: { kind: 'answered', reasonCodes: ['ok'], detail: '' },
    body: Buffer.from(
      JSON.stringify({
        health_state: 'healthy',
        rollout_gate: 'pass',
        reason_code: 'ok',
        reason_codes: ['ok'],
      }),
    ),
  };
  const said = (body: object): RoundAnswer => ({ ...PASS, body: Buffer.from(JSON.stringify(body)) });
  const FAILING = said({
    health_state: 'failing',
    rollout_gate: 'hold',
    reason_code: 'bad',
    reason_codes: ['bad'],
  });
  const gates = [
    {
      id: 'readiness',
      readiness: { gateway: 'gateway-status', cortex: 'c', operator: 'o' },
      expect: GATEWAY_GATE.expect,
    },
    GATEWAY_GATE,
    { ...GATEWAY_GATE, id: 'c', reader: 'tau-cortex-status' },
    { ...GATEWAY_GATE, id: 'o', reader: 'tau-operator-summary' },
  ];

  const derive = async (answers: Partial<Record<'gateway-status' | 'c' | 'o', RoundAnswer | undefined>>) => {
    const loaded: LoadedRunbook = await load(smallRunbook({ gates }));
    const all: Readonly<Record<string, RoundAnswer | undefined>> = {
      'gateway-status': PASS,
      c: PASS,
      o: PASS,
      ...answers,
    };
    return deriveGate(loaded, 'readiness', (gate) => Promise.resolve(all[gate]));
  };

  test.each<[string, object]>([
    ['none', {}],
    ['token', { bearer: 'a-token-as-it-is' }],
    [
      'password-session',
      { session: { url: 'http://127.0.0.1:1/auth', json: { user: 'ops' }, token: '/access_token' } },
    ],
  ])('its evidence calls it auth_mode=%s, as the command would', async (mode, signed) => {
    const { bearer: _, ...http } = GATEWAY_GATE.http;
    const asked = gates.map((gate) =>
      gate.id === 'gateway-status' ? { ...GATEWAY_GATE, http: { ...http, ...signed } } : gate,
    );
    const loaded = await load(smallRunbook({ gates: asked }));
    expect(textOf(await deriveGate(loaded, 'readiness', () => Promise.resolve(PASS)))).toContain(
      `\nauth_mode=${mode}\n`,
    );
  });

  test('it passes on three passes', async () => {
    expect((await derive({})).result.verdict).toBe('pass');
  });

  test.each([
    {
      what: 'every holding part is misconfigured',
      c: silent('misconfigured', 'x'),
      o: PASS,
      kind: 'misconfigured',
    },
    {
      what: 'one is unreachable beside a misconfigured one',
      c: silent('misconfigured', 'x'),
      o: silent('unreachable', 'y'),
      kind: 'unreachable',
    },
    {
      what: 'one is malformed beside a misconfigured one',
      c: silent('misconfigured', 'x'),
      o: silent('malformed', 'y'),
      kind: 'malformed',
    },
    {
      what: 'one is unreachable beside a malformed one',
      c: silent('malformed', 'x'),
      o: silent('unreachable', 'y'),
      kind: 'unreachable',
    },
    {
      what: 'one answers and holds beside a misconfigured one',
      c: silent('misconfigured', 'x'),
      o: FAILING,
      kind: 'answered',
    },
    { what: 'there is no answer of a part', c: undefined, o: PASS, kind: 'malformed' },
    { what: 'an answered part has no bytes', c: { ...PASS, body: undefined }, o: PASS, kind: 'malformed' },
    {
      what: 'the bytes of an answered part are no JSON',
      c: { ...PASS, body: Buffer.from('ok') },
      o: PASS,
      kind: 'malformed',
    },
  ])('it is $kind and holds where $what', async ({ c, o, kind }) => {
    const { result, files } = await derive({ c, o });
    expect(result).toMatchObject({ kind, verdict: 'hold' });
    expect(Buffer.from(files[0]?.bytes ?? '').toString('utf8')).toMatch(/^error: /m);
  });

  test('it is failing where a part is', async () => {
    expect((await derive({ o: FAILING })).result).toMatchObject({
      health: 'failing',
      failing: true,
      reasonCodes: ['operator:bad', 'health_not_expected', 'gate_not_expected'],
    });
  });

  test('a body under a refused status is not read', async () => {
    const refused = { ...silent('misconfigured', 'http_status_401'), body: PASS.body };
    expect((await derive({ c: refused })).result).toMatchObject({ kind: 'misconfigured', verdict: 'hold' });
  });

  test.each(['http_too_large', 'command_output_too_large', 'http_encoded'])(
    'what came of an answer that was cut (%s) is not read, even where it is JSON',
    async (code) => {
      const cut = { ...silent('malformed', code), body: PASS.body };
      const { result } = await derive({ c: cut });
      expect(result).toMatchObject({ kind: 'malformed', verdict: 'hold', reasonCodes: [`cortex:${code}`] });
    },
  );

  test('a body that the gate’s own reader calls malformed is still read by the validator’s rules', async () => {
    const odd = { ...silent('malformed', 'answer_outside_contract'), body: PASS.body };
    expect((await derive({ c: odd })).result.verdict).toBe('pass');
  });

  test('a gate that asks the system is not derived', async () => {
    const loaded = await load(smallRunbook());
    await expect(deriveGate(loaded, 'gateway-status', () => Promise.resolve(PASS))).rejects.toThrow(
      'is not derived',
    );
  });
});
