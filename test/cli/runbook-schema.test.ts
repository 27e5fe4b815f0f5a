// That the JSON Schema which editors use is the one that the command prints, and fits the runbooks. What it can't say (how parts
// fit together) is proven with `runbook check`.
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { withoutMarks } from '../support/marked-text.js';
import { BROKEN, WHOLE } from './broken-runbooks.js';
import { promote, scratch } from './run-promote.js';

const RUNBOOKS = fileURLToPath(new URL('../../runbooks/', import.meta.url));
const REGENERATE = 'npm run build && bin/promote runbook schema > runbooks/runbook.schema.json';

const committed = await readFile(`${RUNBOOKS}runbook.schema.json`, 'utf8');
const validate: ValidateFunction = new Ajv2020({ strict: true, allErrors: true }).compile(
  JSON.parse(committed),
);
const shipped = (await readdir(RUNBOOKS)).filter((name) => name.endsWith('.yaml'));

describe('the JSON Schema of a runbook', () => {
  it('is committed as the command prints it', async () => {
    await using place = await scratch();
    const { exitCode, stdout } = await promote(place.folder, ['runbook', 'schema']);
    expect(exitCode).toBe(0);
    expect(stdout === committed, `runbooks/runbook.schema.json is of another version: ${REGENERATE}`).toBe(
      true,
    );
  });

  it('with --json is the same document on one line', async () => {
    await using place = await scratch();
    const { stdout } = await promote(place.folder, ['runbook', 'schema', '--json']);
    expect(stdout === `${JSON.stringify(JSON.parse(committed))}\n`).toBe(true);
  });

  it.each(shipped)('is named by runbooks/%s, which fits it', async (name) => {
    const text = await readFile(`${RUNBOOKS}${name}`, 'utf8');
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./runbook.schema.json');
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
  });

  it('fits a runbook with every kind of part', () => {
    expect(validate(parse(WHOLE)), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each([
    'unknown key',
    'missing part',
    'gate without expectation',
    'health that there is none of',
    'number for a text',
    'text for a list',
    'too many retries',
    'duration without a unit',
    'id that is no file name',
    'method that is not sent',
    'nobody who could approve',
    'name of a variable',
  ])('refuses a runbook with one %s', (broken) => {
    const { marked } = BROKEN.find(({ what }) => what === broken) ?? { marked: '' };
    expect(marked).not.toBe('');
    expect(validate(parse(withoutMarks(marked)))).toBe(false);
  });
});
