// Proves that the readers for any system get what they read, from real commands and HTTP servers: an exit code, a status,
// a body. What they make of it is proven with them.
import { describe, expect, test } from 'vitest';

import { askGate } from '../../../src/adapters/gates/ask.js';
import { load, refusalOf, smallRunbook, type Written } from '../runbook/written-runbook.js';
import { asking, serve } from './questions.js';

const EXPECTED = { health: 'healthy', gate: 'pass' };

async function ask(question: Written, reader: unknown, expect: Written = EXPECTED) {
  const loaded = await load(
    smallRunbook({
      gates: [{ id: 'gateway-status', ...question, reader, expect, deadline: '5s' }],
    }),
  );
  return askGate(loaded, 'gateway-status', asking(loaded));
}

const exits = (code: number, says = '') => ({
  command: { argv: ['sh', '-c', `printf %s "$1"; exit ${code}`, 'sh', says] },
});
const CODES = {
  'exit-code': {
    0: { health: 'healthy', gate: 'pass' },
    1: { health: 'failing', gate: 'hold', reasonCodes: ['queue_stuck'] },
  },
};

describe('a command that answers by its exit code', () => {
  test.each([
    {
      name: '0, and says nothing',
      question: exits(0),
      reader: 'exit-code',
      result: { verdict: 'pass', reasonCodes: ['exit_code_0'] },
    },
    {
      name: '1 without a meaning',
      question: exits(1),
      reader: 'exit-code',
      result: { kind: 'unreachable', reasonCodes: ['command_failed'] },
    },
    {
      name: '1 with a meaning',
      question: exits(1),
      reader: CODES,
      result: {
        kind: 'answered',
        failing: true,
        reasonCodes: ['exit_code_1', 'queue_stuck', 'health_not_expected', 'gate_not_expected'],
      },
    },
    {
      name: '3 beside those with a meaning',
      question: exits(3),
      reader: CODES,
      result: { kind: 'unreachable' },
    },
    {
      name: '2',
      question: exits(2),
      reader: CODES,
      result: { kind: 'misconfigured', reasonCodes: ['command_usage'] },
    },
    {
      name: 'none: it was killed',
      question: { command: { argv: ['sh', '-c', 'kill -9 $$'] } },
      reader: CODES,
      result: { kind: 'unreachable', reasonCodes: ['command_failed'] },
    },
    {
      name: 'none: there is no such command',
      question: { command: { argv: ['/nowhere/check'] } },
      reader: CODES,
      result: { kind: 'misconfigured', reasonCodes: ['command_not_found'] },
    },
    {
      name: '0 that was given no meaning',
      question: exits(0),
      reader: { 'exit-code': { 1: CODES['exit-code'][1] } },
      result: { verdict: 'hold', reasonCodes: ['exit_code_without_meaning'] },
    },
  ])('$name', async ({ question, reader, result }) => {
    expect((await ask(question, reader)).result).toMatchObject(result);
  });
});

describe('an endpoint that answers by its status', () => {
  test.each([
    { status: 204, result: { verdict: 'pass', reasonCodes: ['http_status_204'] } },
    { status: 302, result: { kind: 'misconfigured', reasonCodes: ['http_redirect'] } },
    { status: 404, result: { kind: 'misconfigured', reasonCodes: ['http_status_404'] } },
  ])('$status', async ({ status, result }) => {
    const url = await serve((_request, response) => response.writeHead(status).end());
    expect((await ask({ http: { url } }, 'http-status')).result).toMatchObject(result);
  });
});

const answers = async (body: string) => ({
  http: { url: await serve((_request, response) => response.end(body)) },
});

describe('an endpoint that answers in JSON', () => {
  test('in the runbook’s own words', async () => {
    const question = await answers(
      '{"health_state":"healthy","rollout_gate":"pass","reason_codes":["ready"]}',
    );
    expect((await ask(question, 'standard')).result).toMatchObject({
      verdict: 'pass',
      reasonCodes: ['ready'],
    });
  });

  test('in its own words, which the runbook maps', async () => {
    const reader = { fields: { health: { at: ['/0/state'], values: { green: 'healthy' } } } };
    expect((await ask(await answers('[{"state":"green"}]'), reader)).result).toMatchObject({
      verdict: 'pass',
    });
    expect((await ask(await answers('[]'), reader)).result).toMatchObject({
      reasonCodes: ['health_no_data', 'health_not_expected', 'gate_not_expected'],
    });
    expect((await ask(await answers('green'), reader)).result).toMatchObject({
      kind: 'malformed',
      reasonCodes: ['answer_not_json'],
    });
  });
});

describe('a reader that can never read is refused before anything is asked', () => {
  const http = { http: { url: 'http://127.0.0.1:9/' } };
  test.each([
    {
      name: 'a status of a command',
      question: exits(0),
      reader: 'http-status',
      hint: 'http-status reads the status of an HTTP answer',
    },
    {
      name: 'an exit code of an endpoint',
      question: http,
      reader: CODES,
      hint: 'exit-code reads the exit code of a command',
    },
    {
      name: 'a meaning of exit code 2',
      question: exits(0),
      reader: { 'exit-code': { 2: EXPECTED } },
      hint: 'not 2: that is a usage error',
    },
    {
      name: 'a pass by another code than 0',
      question: exits(0),
      reader: { 'exit-code': { 1: EXPECTED } },
      hint: 'only exit code 0 can pass',
    },
    {
      name: 'a pointer that is none',
      question: http,
      reader: { fields: { health: { at: ['state'] } } },
      hint: 'not a JSON Pointer',
    },
    {
      name: 'an unknown word',
      question: http,
      reader: { fields: { health: { at: ['/s'], values: { up: 'fine' } } } },
      hint: '"fine" is not allowed',
    },
    {
      name: 'an unknown key',
      question: http,
      reader: { fields: { healht: { at: ['/s'] } } },
      hint: 'did you mean "health"',
    },
    { name: 'an unknown form', question: http, reader: { field: {} }, hint: 'did you mean "fields"' },
    {
      name: 'an unknown name',
      question: http,
      reader: 'standart',
      hint: '"standart" is not allowed; did you mean "standard"?',
    },
  ])('$name', async ({ question, reader, hint }) => {
    const { code, problems } = await refusalOf(ask(question, reader));
    expect(code).toBe('invalid_runbook');
    expect(problems.join('\n')).toContain(hint);
    expect(problems.join('\n')).toMatch(/runbook\.yaml:\d+:\d+/);
  });

  test('an expected health that is what no data reads as', async () => {
    const reader = { fields: { health: { at: ['/s'] } } };
    const { problems } = await refusalOf(ask(http, reader, { health: 'unknown', gate: 'hold' }));
    expect(problems.join('\n')).toContain('expect another health');
  });
});
