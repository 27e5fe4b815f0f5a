import { describe, expect, it } from 'vitest';
import { describeUnverified, unverifiedStep } from '../../src/domain/unverified.js';

describe('a rollback step that is not proven', () => {
  it('is one line of step, code and detail', () => {
    expect(describeUnverified('gateway-stop', 'unreachable', 'refused')).toBe(
      'gateway-stop: unreachable: refused',
    );
    expect(describeUnverified('gateway-stop', 'step_deadline', '')).toBe('gateway-stop: step_deadline');
  });

  it.each([
    ['with a detail that has colons itself', 'it said: no: 7'],
    ['without a detail', ''],
  ])('gives step and code again, %s', (_, detail) => {
    const line = describeUnverified('gateway-stop', 'unreachable', detail);
    expect(unverifiedStep(line)).toEqual({ step: 'gateway-stop', code: 'unreachable' });
  });

  it('gives nothing of what is no such line', () => {
    expect(unverifiedStep('')).toEqual({ step: '', code: '' });
  });
});
