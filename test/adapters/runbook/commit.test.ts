// Proves that `${commit}` is the commit that is promoted, where it may stand, and that a runbook's digest does not depend
// on it.
import { describe, expect, test } from 'vitest';

import { askGate } from '../../../src/adapters/gates/ask.js';
import { asking, serve } from '../gates/questions.js';
import {
  GATEWAY_GATE,
  load,
  refusalOf,
  smallRunbook,
  withVariables,
  type Written,
} from './written-runbook.js';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

const askingAbout = (http: Written, variables: Written = {}) =>
  load(
    withVariables(variables, {
      gates: [{ ...GATEWAY_GATE, http, reader: 'http-status', deadline: '5s' }],
    }),
  );

describe('a gate that asks about the commit', () => {
  test('asks about the one that is promoted, in its address, headers and body', async () => {
    const seen: unknown[] = [];
    const origin = await serve((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        seen.push([request.url, request.headers['x-commit'], body]);
        response.end();
      });
    });
    const loaded = await askingAbout({
      method: 'POST',
      url: `${origin}/commits/\${commit}/status`,
      headers: { 'x-commit': '${commit}' },
      json: { sha: '${commit}' },
    });
    const { result } = await askGate(loaded, 'gateway-status', { ...asking(loaded), commit: COMMIT });
    expect(result.verdict).toBe('pass');
    expect(seen).toEqual([[`/commits/${COMMIT}/status`, COMMIT, JSON.stringify({ sha: COMMIT })]]);
    expect(Buffer.from(loaded.bytes).toString()).toContain('/commits/${commit}/status');
  });

  test('asks nothing where there is none, and holds as misconfigured', async () => {
    let asked = 0;
    const origin = await serve((_request, response) => {
      asked += 1;
      response.end();
    });
    const loaded = await askingAbout({ url: `${origin}/commits/\${commit}/status` });
    const { result } = await askGate(loaded, 'gateway-status', asking(loaded));
    expect(result).toMatchObject({ kind: 'misconfigured', reasonCodes: ['commit_not_named'] });
    expect(asked).toBe(0);
  });

  test('is not made by a value from outside, nor by a literal', async () => {
    const paths: (string | undefined)[] = [];
    const origin = await serve((request, response) => {
      paths.push(request.url);
      response.end();
    });
    const loaded = await askingAbout(
      { url: `${origin}/a?x=\${given}&y=$\${commit}` },
      { given: { default: '${commit}' } },
    );
    await askGate(loaded, 'gateway-status', { ...asking(loaded), commit: COMMIT });
    expect(paths).toHaveLength(1);
    expect(decodeURIComponent(paths[0] ?? '')).toBe('/a?x=${commit}&y=${commit}');
  });
});

test.each<{ place: string; changes: Written }>([
  {
    place: 'an argument, which a command’s environment replaces',
    changes: { gates: [{ ...GATEWAY_GATE, http: undefined, command: { argv: ['true', '${commit}'] } }] },
  },
  {
    place: 'a branch',
    changes: {
      promotion: { steps: [{ id: 'environment-branch', git: { remote: '${remote}', branch: '${commit}' } }] },
    },
  },
])('the commit can’t stand in $place', async ({ changes }) => {
  const { code, problems } = await refusalOf(load(smallRunbook(changes)));
  expect(code).toBe('invalid_runbook');
  expect(problems.join('\n')).toContain('PROMOTION_COMMIT');
});

test('a variable can’t take its name', async () => {
  const { problems } = await refusalOf(load(withVariables({ commit: { default: 'x' } })));
  expect(problems.join('\n')).toContain('commit is built in');
});
