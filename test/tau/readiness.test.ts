/**
 * The readiness check against what Tau's own validator printed on the same states. Proves the contract where the
 * surfaces answer; where they do not the validator prints nothing, and the lines are ours.
 */
import { describe, expect, it } from 'vitest';
import { checkReadiness, isReady } from '../../src/tau/readiness.js';
import { readinessHeader, readinessLines, readinessReport } from '../../src/tau/readiness-report.js';
import { ASKED, body, check, problems, recorded, silent, STRICT } from './readiness-answers.js';
import { changed, recordedJson, recordedText } from './recordings.js';

const lines = (path: string) =>
  recordedText(path)
    .split('\n')
    .filter((line) => line !== '');

describe("on the states that Tau's validator was run on", () => {
  it.each(['cortex-missing', 'failing', 'gateway-failing', 'healthy', 'hold', 'operator-hold'])(
    'in %s it prints the same lines and finds the same first error',
    (state) => {
      const result = check(recorded(state));
      const recordedOut = lines(`readiness-check/${state}.stdout`);
      const passes = recordedText(`readiness-check/${state}.exit`).trim() === '0';
      const printed = passes ? [...readinessLines(result), 'status=pass'] : [];
      expect([...readinessHeader(result), ...printed]).toEqual(recordedOut);
      expect(isReady(result)).toBe(passes);
      expect(problems(recorded(state))[0]).toEqual(lines(`readiness-check/${state}.stderr`)[0]);
    },
  );

  it('on a pass the report is what the validator prints', () => {
    expect(readinessReport(check(recorded('healthy')))).toBe(recordedText('readiness-check/healthy.stdout'));
  });

  it('with a wrong token it prints the same header, and says what the validator leaves to curl', () => {
    const refused = silent('misconfigured', 'http_401');
    const result = check({ ...recorded('healthy'), gateway: refused, cortex: refused });
    expect(readinessHeader(result)).toEqual(lines('readiness-check/wrongtoken.stdout'));
    expect(result.parts[0]?.problems).toEqual([
      'error: gateway status misconfigured (http_401): no answer: http_401',
    ]);
  });
});

it('one run shows every problem, in the order gateway, cortex, operator; reason, health, gate', () => {
  expect(
    problems({ gateway: body({}), cortex: body({}), operator: body({ health_state: 'failing' }) }),
  ).toEqual([
    'error: gateway status response missing rollout reason code',
    "error: gateway status health_state expected 'healthy' but got ''",
    "error: gateway status rollout_gate='' expected 'pass' (reason='')",
    'error: cortex status response missing reason_code',
    "error: cortex status health_state expected 'healthy' but got ''",
    "error: cortex status rollout_gate='' expected 'pass' (reason='')",
    'error: operator control summary response missing reason_codes',
    "error: operator control summary health_state expected 'healthy' but got 'failing'",
    "error: operator control summary rollout_gate='' expected 'pass' (reason_codes='')",
  ]);
});

it('the report of a hold has the values that came, then every error line, and no status=pass', () => {
  expect(readinessReport(check({ ...recorded('hold'), cortex: silent('unreachable', 'http_timeout') }))).toBe(
    [
      'operator-readiness-live-check',
      'base_url=http://127.0.0.1:8787',
      'auth_mode=token',
      'gateway_health_state=healthy',
      'gateway_rollout_gate=hold',
      'gateway_reason=service_stopped',
      'operator_health_state=healthy',
      'operator_rollout_gate=hold',
      'operator_reason_codes=gateway:service_stopped',
      "error: gateway status rollout_gate='hold' expected 'pass' (reason='service_stopped')",
      'error: cortex status unreachable (http_timeout): no answer: http_timeout',
      "error: operator control summary rollout_gate='hold' expected 'pass' (reason_codes='gateway:service_stopped')",
      '',
    ].join('\n'),
  );
});

it.each([
  ['an empty answer', 'malformed', 'answer_empty'],
  ['a command that printed nothing', 'unreachable', 'command_no_output'],
] as const)('%s has the line of a missing reason code first, as for the validator', (_, kind, code) => {
  const nothing = silent(kind, code);
  expect(problems({ ...recorded('healthy'), cortex: nothing, operator: nothing })).toEqual([
    'error: cortex status response missing reason_code',
    `error: cortex status ${kind} (${code}): no answer: ${code}`,
    'error: operator control summary response missing reason_codes',
    `error: operator control summary ${kind} (${code}): no answer: ${code}`,
  ]);
});

const gateway = (json: unknown) => check({ ...recorded('healthy'), gateway: body(json) }).parts[0]?.outcome;

describe('first present', () => {
  const service = { service_status: 'running', rollout_gate: 'pass', guardrail_reason_code: 'guardrail' };

  it.each([
    [
      'the top level goes first',
      {
        health_state: 'failing',
        rollout_gate: 'hold',
        rollout_reason_code: 'a',
        reason_code: 'b',
        service,
        events: { health_state: 'healthy' },
      },
      'failing',
      'hold',
      'a',
    ],
    [
      'null and false count as absent',
      {
        health_state: null,
        rollout_gate: false,
        rollout_reason_code: null,
        reason_code: false,
        service,
        events: { health_state: 'degraded' },
      },
      'degraded',
      'pass',
      'guardrail',
    ],
    [
      'the rollout reason goes before the guardrail',
      { service: { ...service, rollout_reason_code: 'rollout' } },
      'healthy',
      'pass',
      'rollout',
    ],
    [
      'events are the last resort',
      { events: { health_state: 'healthy', rollout_gate: 'hold', rollout_reason_code: 'e' } },
      'healthy',
      'hold',
      'e',
    ],
    [
      "the events' reason_code goes before their rollout_reason_code",
      { events: { reason_code: 'r', rollout_reason_code: 'e' } },
      '',
      '',
      'r',
    ],
    [
      'only a running service is healthy',
      { service: { ...service, service_status: 'stopped' } },
      '',
      'pass',
      'guardrail',
    ],
    [
      'multi_channel is not read',
      { service, multi_channel: { health_state: 'failing', rollout_gate: 'hold' } },
      'healthy',
      'pass',
      'guardrail',
    ],
  ])('%s', (_, json, health, gate, reason) => {
    expect(gateway(json)).toEqual({ kind: 'answered', health, gate, reasons: [reason] });
  });

  it.each([
    ['a list', { health_state: ['failing'] }],
    ['an object', { health_state: {} }],
    ['an empty text', { health_state: '' }],
    ["a list in place of the events'", { events: { health_state: [] } }],
    ["an object in place of the events'", { events: { health_state: {} } }],
    ["an empty text in place of the events'", { events: { health_state: '' } }],
    ["a list before the events'", { health_state: ['failing'], events: { health_state: 'healthy' } }],
  ])('a health that is %s is present, so that a running service is not taken for it', (_, given) => {
    expect(problems({ ...recorded('healthy'), gateway: body({ ...given, service }) })).toEqual([
      "error: gateway status health_state expected 'healthy' but got ''",
    ]);
  });

  it('an empty reason code, and one that is a list, are missing', () => {
    for (const reason of ['', [], {}, [['x']]])
      expect(gateway({ rollout_reason_code: reason, service })).toMatchObject({ reasons: [] });
  });

  it('a word is never cleaned into the expected one', () => {
    for (const word of ['healthy\n', 'heal\u0000thy', ' healthy', 'healthy\u200b'])
      expect(
        problems({
          ...recorded('healthy'),
          cortex: body(changed(recordedJson('healthy/cortex-status.json'), ['health_state'], word)),
        }),
      ).toEqual(["error: cortex status health_state expected 'healthy' but got '(unprintable)'"]);
  });

  it('a reason code cannot forge a line', () => {
    const forged = changed(
      recordedJson('cortex-missing/cortex-status.json'),
      ['reason_code'],
      'x\nstatus=pass',
    );
    expect(readinessReport(check({ ...recorded('healthy'), cortex: body(forged) }))).not.toContain(
      'status=pass',
    );
  });

  it.each([
    ['a number', 7, '7'],
    ['true', true, 'true'],
    ['a list', ['healthy'], ''],
    ['an object', { healthy: 1 }, ''],
  ])('%s prints as jq prints it, and is no word', (_, given, printed) => {
    const said = body({ health_state: given, rollout_gate: 'pass', reason_code: 'x' });
    expect(problems({ ...recorded('healthy'), cortex: said })).toEqual([
      `error: cortex status health_state expected 'healthy' but got '${printed}'`,
    ]);
  });

  it('an absent word does not match an empty expectation', () => {
    const expectations = { ...STRICT, cortex: { health: '', gate: '' } };
    expect(
      problems({ ...recorded('healthy'), cortex: body({ reason_code: 'x' }) }, expectations),
    ).toHaveLength(2);
  });
});

const withheld = (json: unknown) =>
  checkReadiness({ ...recorded('healthy'), gateway: body(json) }, STRICT, { ...ASKED, withheld: true });

it('where answers are withheld, only words of the contract and what is expected are shown', () => {
  const said = { health_state: 'a-secret', rollout_gate: 'b-secret', reason_code: 'c-secret' };
  expect(withheld(said).parts[0]).toEqual({
    surface: 'gateway',
    outcome: { kind: 'answered', health: '(withheld)', gate: '(withheld)', reasons: ['(withheld)'] },
    problems: [
      "error: gateway status health_state expected 'healthy' but got '(withheld)'",
      "error: gateway status rollout_gate='(withheld)' expected 'pass' (reason='(withheld)')",
    ],
  });
  expect(withheld({ ...said, health_state: 'failing', rollout_gate: 'hold' }).parts[0]?.problems).toEqual([
    "error: gateway status health_state expected 'healthy' but got 'failing'",
    "error: gateway status rollout_gate='hold' expected 'pass' (reason='(withheld)')",
  ]);
  expect(isReady(withheld({ health_state: 'healthy', rollout_gate: 'pass', reason_code: 'c-secret' }))).toBe(
    true,
  );
  const nothing = { gateway: { health: '(withheld)', gate: '(withheld)' } };
  const spoofed = checkReadiness(
    { ...recorded('healthy'), gateway: body(said) },
    { ...STRICT, ...nothing },
    { ...ASKED, withheld: true },
  );
  expect(isReady(spoofed)).toBe(false);
});
