import { assert, constantFrom, jsonValue, oneof, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { judge } from '../../src/domain/verdict.js';
import { readFields, type Fields } from '../../src/readers/fields.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';

const PROMETHEUS: Fields = {
  health: { at: ['/data/result/0/value/1'], values: { '0': 'healthy', '1': 'failing' } },
};
const sample = (value: unknown) => ({
  status: 'success',
  data: { resultType: 'vector', result: [{ metric: {}, value: [1_700_000_000, value] }] },
});

const ALL: Fields = {
  health: { at: ['/state', '/status'], values: { up: 'healthy', slow: 'degraded', down: 'failing' } },
  gate: { at: ['/open'], values: { true: 'pass', false: 'hold' } },
  reasons: { at: ['/why'], values: { E1: 'disk_full' } },
};

const resultOf = (fields: Fields, body: unknown) =>
  judge('any', readFields(fields, body), { health: 'healthy', gate: 'pass' });

describe('a field that says what the runbook maps', () => {
  it.each([
    {
      name: 'the sample of a query, a text',
      fields: PROMETHEUS,
      body: sample('0'),
      codes: ['health_healthy'],
    },
    { name: 'a number', fields: PROMETHEUS, body: sample(0), codes: ['health_healthy'] },
    {
      name: 'true, and one code',
      fields: ALL,
      body: { state: 'up', open: true, why: 'idle' },
      codes: ['idle'],
    },
    {
      name: 'the second place where the first is null',
      fields: ALL,
      body: { state: null, status: 'up', open: true, why: ['E1', 'idle'] },
      codes: ['disk_full', 'idle'],
    },
    {
      name: 'the words themselves, without a mapping',
      fields: { health: { at: ['/h'] }, gate: { at: ['/g'] } },
      body: { h: 'healthy', g: 'pass' },
      codes: ['health_healthy'],
    },
  ])('passes: $name', ({ fields, body, codes }) => {
    expect(resultOf(fields, body)).toMatchObject({ verdict: 'pass', reasonCodes: codes });
  });

  it.each([
    { name: 'failing', body: sample('1'), health: 'failing', failing: true },
    { name: 'no sample', body: sample(null), health: 'unknown', failing: false },
    {
      name: 'no series',
      body: { status: 'success', data: { result: [] } },
      health: 'unknown',
      failing: false,
    },
    { name: 'an error of the query', body: { status: 'error' }, health: 'unknown', failing: false },
  ])('holds: $name', ({ body, health, failing }) => {
    expect(resultOf(PROMETHEUS, body)).toMatchObject({
      kind: 'answered',
      verdict: 'hold',
      rolloutGate: 'hold',
      health,
      failing,
    });
  });
});

describe('no data', () => {
  it('is named by the part that is missing', () => {
    expect(resultOf(PROMETHEUS, {}).reasonCodes).toContain('health_no_data');
    expect(resultOf(ALL, { state: 'up', why: 'idle' }).reasonCodes).toContain('gate_no_data');
  });

  it('of a gate leaves no health that could be taken for expected, but hides no failing', () => {
    expect(resultOf(ALL, { state: 'up', why: 'idle' })).toMatchObject({
      health: 'unknown',
      rolloutGate: 'hold',
    });
    expect(resultOf(ALL, { state: 'down', why: 'idle' })).toMatchObject({ health: 'failing', failing: true });
  });

  it('of reasons that the runbook names holds', () => {
    expect(resultOf(ALL, { state: 'up', open: true })).toMatchObject({
      verdict: 'hold',
      reasonCodes: ['reason_codes_missing'],
    });
  });

  it('is never a pass: an answer passes only where every part that the runbook names says so', () => {
    const anything = oneof(constantFrom('up', 'down', true, false, null, 0, 'E1'), jsonValue());
    const answers = record(
      { state: anything, status: anything, open: anything, why: anything },
      { requiredKeys: [] },
    );
    assert(
      property(answers, (body) => {
        const passes = resultOf(ALL, body).verdict === 'pass';
        const up = (body.state ?? body.status) === 'up';
        const open = body.open === true || body.open === 'true';
        expect(!passes || (up && open && body.why !== undefined && body.why !== null)).toBe(true);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });
});

describe('a value without a meaning', () => {
  it.each([
    { name: 'another text', body: { state: 'fine', open: true, why: 'x' }, at: '/state' },
    {
      name: 'a word of ours that is not mapped',
      body: { state: 'healthy', open: true, why: 'x' },
      at: '/state',
    },
    { name: 'a map', body: { state: { up: true }, open: true, why: 'x' }, at: '/state' },
    { name: 'the name of a method', body: { state: 'toString', open: true, why: 'x' }, at: '/state' },
    { name: 'a gate that is not mapped', body: { state: 'up', open: 'perhaps', why: 'x' }, at: '/open' },
    { name: 'reasons that are maps', body: { state: 'up', open: true, why: [{}] }, at: '/why' },
  ])('is outside the contract: $name', ({ body, at }) => {
    const result = resultOf(ALL, body);
    expect(result).toMatchObject({ kind: 'malformed', reasonCodes: ['answer_outside_contract'] });
    expect(result.detail).toContain(at);
    expect(result.detail).not.toContain('perhaps');
  });
});
