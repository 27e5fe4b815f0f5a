// Proves that the catalogue explains every code that the recorded answers of Tau hold or make a reader say, that it agrees
// with the shipped runbook about what a repair helps with, and that an unknown code stays unknown. That Tau has no other
// codes it can't prove: those are shown as they come.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readRunbook } from '../../src/adapters/runbook/read.js';
import type { Observation } from '../../src/domain/observation.js';
import { READER_NAMES, readers } from '../../src/tau/readers.js';
import { DERIVED_REASON_CODES, TAU_REASON_CODES } from '../../src/tau/reason-code-tables.js';
import { explainCode } from '../../src/tau/reason-codes.js';
import { recordedJson, RECORDINGS } from './recordings.js';

/** Every recorded answer that is JSON. */
const answers = readdirSync(RECORDINGS, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(json|stdout)$/.test(file))
  .flatMap((file) => {
    try {
      return [{ file, json: recordedJson(file) }];
    } catch {
      return [];
    }
  });

const codesIn = (json: unknown, key = ''): readonly string[] => {
  if (Array.isArray(json)) return json.flatMap((item) => codesIn(item, key));
  if (typeof json === 'object' && json !== null)
    return Object.entries(json).flatMap(([name, value]) => [
      ...(key === 'reason_code_counts' ? [name] : []),
      ...codesIn(value, name),
    ]);
  return typeof json === 'string' && /reason_codes?$/.test(key) ? [json] : [];
};
const codesOf = (observation: Observation): readonly string[] =>
  observation.kind === 'answered' ? observation.posture.reasonCodes : [observation.code];

describe("the catalogue of Tau's codes", () => {
  it('is tested with recordings that hold codes', () => {
    expect(answers.length).toBeGreaterThan(30);
    expect(answers.flatMap(({ json }) => codesIn(json)).length).toBeGreaterThan(100);
  });

  it.each(answers)('explains every code in $file', ({ json }) => {
    expect(codesIn(json).filter((code) => explainCode(code) === undefined)).toEqual([]);
  });

  it.each(READER_NAMES)('explains every code that %s makes of the recordings', (name) => {
    const said = answers.flatMap(({ json }) => codesOf(readers[name](json)));
    expect(said.length).toBeGreaterThan(0);
    expect(said.filter((code) => explainCode(code) === undefined)).toEqual([]);
  });

  it('names a repair exactly where the shipped runbook has it help', async () => {
    const { runbook } = await readRunbook(
      join(import.meta.dirname, '../../runbooks/operator-readiness.yaml'),
    );
    const inRunbook = runbook.remediation.repairs.flatMap(({ id, helps }) =>
      Object.values(helps)
        .flat()
        .map((code) => `${code.replace(/^.*:/, '')}: ${id}`),
    );
    const inCatalogue = Object.entries({ ...TAU_REASON_CODES, ...DERIVED_REASON_CODES }).flatMap(
      ([code, { repair }]) => (repair === undefined || repair === 'manual' ? [] : [`${code}: ${repair}`]),
    );
    expect(inCatalogue.toSorted()).toEqual([...new Set(inRunbook)].toSorted());
  });

  it.each([
    ['operator:gateway:service_stopped', 'service_stopped'],
    ['voice:state_unavailable', 'state_unavailable'],
    ['gateway:http_refused', 'http_refused'],
    ['cortex:tls_cert_has_expired', 'tls_*'],
  ])('reads %s as %s', (code, known) => {
    expect(explainCode(code)).toBe(explainCode(known));
    expect(explainCode(code)).toBeDefined();
  });

  it.each([
    '',
    ':',
    'a:',
    ':service_stopped',
    'no_such_code',
    'gateway:no_such_code',
    'constructor',
    'x:'.repeat(128),
  ])('knows nothing of %j', (code) => {
    expect(explainCode(code)).toBeUndefined();
  });
});
