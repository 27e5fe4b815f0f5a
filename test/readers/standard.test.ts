import { describe, expect, it } from 'vitest';

import { judge } from '../../src/domain/verdict.js';
import { readStandard } from '../../src/readers/standard.js';

const PASSING = { health_state: 'healthy', rollout_gate: 'pass', reason_code: 'ready' };
const verdictOf = (body: unknown) =>
  judge('service', readStandard(body), { health: 'healthy', gate: 'pass' });

describe('a system that speaks the runbook’s own words', () => {
  it.each([
    { name: 'one reason code', body: PASSING, codes: ['ready'] },
    {
      name: 'a list of them',
      body: { ...PASSING, reason_code: null, reason_codes: ['a', 'b'] },
      codes: ['a', 'b'],
    },
    { name: 'both', body: { ...PASSING, reason_codes: ['a', 'ready'] }, codes: ['a', 'ready'] },
  ])('passes with $name', ({ body, codes }) => {
    expect(verdictOf(body)).toMatchObject({ verdict: 'pass', reasonCodes: codes });
  });

  it('gives its recommendations on', () => {
    expect(readStandard({ ...PASSING, recommendations: ['wait'] })).toMatchObject({
      recommendations: ['wait'],
    });
  });

  it.each([
    { name: 'no reason code', body: { ...PASSING, reason_code: undefined }, code: 'reason_codes_missing' },
    { name: 'an empty one', body: { ...PASSING, reason_code: '' }, code: 'reason_codes_missing' },
    {
      name: 'an empty list',
      body: { ...PASSING, reason_code: undefined, reason_codes: [] },
      code: 'reason_codes_missing',
    },
    { name: 'a hold', body: { ...PASSING, rollout_gate: 'hold' }, code: 'gate_not_expected' },
    { name: 'another health', body: { ...PASSING, health_state: 'degraded' }, code: 'health_not_expected' },
  ])('holds with $name', ({ body, code }) => {
    const result = verdictOf(body);
    expect(result).toMatchObject({ kind: 'answered', verdict: 'hold' });
    expect(result.reasonCodes).toContain(code);
  });

  it.each([
    ['no health', { ...PASSING, health_state: undefined }],
    ['no gate', { ...PASSING, rollout_gate: undefined }],
    ['an unknown word', { ...PASSING, health_state: 'fine' }],
    ['a number for a word', { ...PASSING, rollout_gate: 1 }],
    ['codes that are no text', { ...PASSING, reason_codes: [1] }],
    ['a list', [PASSING]],
    ['nothing', null],
  ])('is outside the contract with %s', (_name, body) => {
    expect(verdictOf(body)).toMatchObject({
      kind: 'malformed',
      verdict: 'hold',
      reasonCodes: ['answer_outside_contract'],
    });
  });
});
