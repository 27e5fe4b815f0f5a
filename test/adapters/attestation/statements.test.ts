// Proves what is attested of a run, that in-toto's own forms are kept, and that a file of attestations is read strictly. That
// a run's evidence is read into AttestedRun as it should be is for the tests of sealing.
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';

import { attest, parseAttestations, payloadOf } from '../../../src/adapters/attestation/attestations.js';
import { signEnvelope } from '../../../src/adapters/attestation/dsse.js';
import { AttestationError } from '../../../src/adapters/attestation/error.js';
import { statementsOf } from '../../../src/adapters/attestation/statements.js';
import { canonicalBytes } from '../../../src/adapters/canonical.js';
import {
  RUN_PREDICATE,
  SVR_PREDICATE,
  TEST_RESULT_PREDICATE,
  type Attestation,
  type SvrAttestation,
  type TestResultAttestation,
} from '../../../src/contracts/attestation.js';
import type { AttestedRun } from '../../../src/contracts/attested-run.js';
import { approvedBy, PROMOTED, ROLLED_BACK } from './runs.js';
import { keyOfSeed } from './vector.js';

const KEY = keyOfSeed(7);

function testResultOf(run: AttestedRun): TestResultAttestation['predicate'] | undefined {
  return statementsOf(run).find((said) => said.predicateType === TEST_RESULT_PREDICATE)?.predicate;
}

function svrOf(run: AttestedRun): SvrAttestation['predicate'] | undefined {
  return statementsOf(run).find((said) => said.predicateType === SVR_PREDICATE)?.predicate;
}

test('a run is attested on its manifest, with everything a stranger asks first', () => {
  const [statement] = statementsOf(ROLLED_BACK);
  const { round: _round, approval: _approval, ...said } = ROLLED_BACK;
  expect(statement).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: '20260102T030405678Z-5f0c2a9e/manifest.json', digest: { sha256: '5'.repeat(64) } }],
    predicateType: 'urn:uuid:7337443c-8830-4da1-b475-06a39aed2f01',
    predicate: { v: 1, ...said },
  });
});

test('gates and decision are attested on the commit', () => {
  const [, gates, decision] = statementsOf(PROMOTED);
  const subject = [{ digest: { gitCommit: 'a'.repeat(40) } }];
  expect(gates).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
    predicate: {
      result: 'PASSED',
      configuration: [{ name: 'runbook.json', digest: { 'promotion-runbook/v1': '1'.repeat(64) } }],
      passedTests: ['cortex-status', 'gateway-status'],
      warnedTests: [],
      failedTests: [],
    },
  });
  expect(decision).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://in-toto.io/attestation/svr/v0.2',
    predicate: {
      verifier: {
        id: 'urn:promote:deployment:tau-eu',
        policies: [{ name: 'policy', digest: { 'promotion-policy/v1': '2'.repeat(64) } }],
      },
      timeCreated: '2026-01-02T03:06:00.000Z',
      properties: [
        'PROMOTION_APPROVED',
        'PROMOTION_APPROVALS_SIGNED',
        'PROMOTION_GATES_PASSED',
        'PROMOTION_PROMOTED',
      ],
    },
  });
});

type Verdict = NonNullable<AttestedRun['round']>['results'][number]['verdict'];
const roundOf = (...verdicts: Verdict[]): AttestedRun['round'] => ({
  name: 'validation-1',
  results: verdicts.map((verdict, index) => ({ gate: `gate-${index}`, verdict })),
});

const RESULTS: readonly [verdicts: Verdict[], result: string, earned: boolean][] = [
  [['pass', 'pass'], 'PASSED', true],
  [['pass', 'overridden'], 'WARNED', false],
  [['pass', 'hold'], 'FAILED', false],
  [['overridden', 'hold'], 'FAILED', false],
];

test.each(RESULTS)(
  'gates that came to %j are %s, and a pass is claimed only where it was earned',
  (verdicts, result, earned) => {
    const run = { ...PROMOTED, round: roundOf(...verdicts) };
    const tests = testResultOf(run);
    expect(tests?.result).toBe(result);
    const listed = [tests?.passedTests, tests?.warnedTests, tests?.failedTests];
    expect(listed).toEqual(
      (['pass', 'overridden', 'hold'] as const).map((wanted) =>
        verdicts.flatMap((verdict, index) => (verdict === wanted ? [`gate-${index}`] : [])),
      ),
    );
    expect(svrOf(run)?.properties.includes('PROMOTION_GATES_PASSED')).toBe(earned);
  },
);

test('a run in which no round closed says nothing of gates', () => {
  const run = { ...PROMOTED, round: null };
  expect(testResultOf(run)).toBeUndefined();
  expect(svrOf(run)?.properties).not.toContain('PROMOTION_GATES_PASSED');
});

const [ALICE, BOB] = [approvedBy('alice', 5), approvedBy('bob', 6)];
const UNDECIDED: readonly [sentence: string, changed: Partial<AttestedRun>][] = [
  ['nothing was approved', { approval: null }],
  ['an approval is missing', { decisions: [ALICE] }],
  [
    'an approval was for something else',
    { decisions: [ALICE, { ...BOB, subject: `sha256:${'9'.repeat(64)}` }] },
  ],
  ['somebody rejected it', { decisions: [ALICE, BOB, { ...approvedBy('carol', 7), verdict: 'reject' }] }],
];

test.each(UNDECIDED)('no decision is attested where %s', (_, changed) => {
  expect(svrOf({ ...PROMOTED, ...changed })).toBeUndefined();
});

test('a reject of an earlier request does not void a later approval', () => {
  const earlier = {
    ...approvedBy('carol', 4),
    verdict: 'reject' as const,
    subject: `sha256:${'9'.repeat(64)}`,
  };
  expect(svrOf({ ...PROMOTED, decisions: [earlier, ALICE, BOB] })?.properties).toContain(
    'PROMOTION_APPROVED',
  );
});

test('one asserted approval is enough not to call them signed', () => {
  const decisions = [ALICE, { ...BOB, identity: 'asserted' as const, key: null }];
  expect(svrOf({ ...PROMOTED, decisions })?.properties).not.toContain('PROMOTION_APPROVALS_SIGNED');
});

test.each(['promoted-with-warnings', 'rolled-back', 'aborted'] as const)(
  'a run that ended %s is not called promoted',
  (end) => {
    expect(svrOf({ ...PROMOTED, end })?.properties).not.toContain('PROMOTION_PROMOTED');
  },
);

test('the order in which decisions are given changes no byte', async () => {
  const turned = { ...PROMOTED, decisions: PROMOTED.decisions.toReversed() };
  expect(Buffer.from(await attest(turned, KEY)).equals(await attest(PROMOTED, KEY))).toBe(true);
});

test('attestations are read back as they were said', async () => {
  const read = parseAttestations(await attest(PROMOTED, KEY));
  expect(read.map(({ statement }) => statement)).toEqual(statementsOf(PROMOTED));
  expect(read.map(({ envelope }) => envelope.signatures.map(({ keyid }) => keyid))).toEqual([
    [KEY.keyid],
    [KEY.keyid],
    [KEY.keyid],
  ]);
});

async function lines(): Promise<string[]> {
  return Buffer.from(await attest(PROMOTED, KEY))
    .toString('utf8')
    .split('\n')
    .slice(0, -1);
}

async function signed(value: unknown): Promise<string> {
  return Buffer.from(await signEnvelope(canonicalBytes(value), KEY)).toString('utf8');
}

function codeOf(text: string): string {
  try {
    parseAttestations(Buffer.from(text));
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
  return 'taken';
}

test('a file of attestations is refused where a line is missing, twice, cut, blank or out of place', async () => {
  const [run = '', gates = '', decision = ''] = await lines();
  const malformed = [
    '',
    '\n',
    `${run}\n${gates}\n${decision}`,
    `${run}\n\n${gates}\n`,
    `${run}\n${gates}\n${decision}\n\n`,
    `${run}\r\n${gates}\n`,
    `${gates}\n${run}\n${decision}\n`,
    `${gates}\n`,
    `${run}\n${run}\n`,
    `${run}\n${gates}\n${gates}\n`,
    `${run}\n${gates}\n${decision}\n${decision}\n`,
    `${run.slice(0, -1)}\n`,
  ];
  expect(malformed.map(codeOf)).toEqual(malformed.map(() => 'attestation_malformed'));
  expect(codeOf(`${run}\n${gates}\n${decision}\n`)).toBe('taken');
});

test('a statement is refused, also when our key signed it, where it says more, less or something else', async () => {
  const [statement] = statementsOf(PROMOTED);
  const code = async (value: unknown): Promise<string> => codeOf(`${await signed(value)}\n`);
  expect(await code(statement)).toBe('taken');
  expect(await code({ ...statement, _type: 'https://in-toto.io/Statement/v0.1' })).toBe(
    'attestation_wrong_type',
  );
  expect(await code({ ...statement, predicateType: 'https://slsa.dev/provenance/v1' })).toBe(
    'attestation_wrong_type',
  );
  expect(await code({ ...statement, predicateType: SVR_PREDICATE })).toBe('attestation_malformed');
  expect(await code({ ...statement, more: 1 })).toBe('attestation_malformed');
  expect(await code({ ...statement, subject: [] })).toBe('attestation_malformed');
  expect(await code({ ...statement, predicate: { ...statement?.predicate, end: 'fine' } })).toBe(
    'attestation_malformed',
  );
  expect(await code({ ...statement, predicate: { ...statement?.predicate, v: 2 } })).toBe(
    'attestation_malformed',
  );
  expect(codeOf(`${Buffer.from(await signEnvelope(Buffer.from('{ }'), KEY)).toString('utf8')}\n`)).toBe(
    'attestation_malformed',
  );
});

// The tables "Fields" of in-toto's specifications: Statement v1, Test Result v0.1, Simple Verification Result v0.2, and the
// field types Timestamp, TypeURI, DigestSet and ResourceDescriptor ("at least one of uri, digest, content").
const DIGEST_SET = {
  type: 'object',
  minProperties: 1,
  additionalProperties: { type: 'string', pattern: '^[0-9a-f]+$' },
  properties: {
    gitCommit: { pattern: '^([0-9a-f]{40}|[0-9a-f]{64})$' },
    sha256: { pattern: '^[0-9a-f]{64}$' },
  },
};
const DESCRIPTOR = {
  type: 'object',
  properties: { name: { type: 'string' }, uri: { type: 'string' }, digest: DIGEST_SET },
  anyOf: [{ required: ['uri'] }, { required: ['digest'] }, { required: ['content'] }],
};
const TYPE_URI = { type: 'string', pattern: '^[a-z][a-z0-9+.-]*:' };
const NAMES = { type: 'array', items: { type: 'string' } };
const statementSchema = (predicateType: string, predicate: object): object => ({
  type: 'object',
  required: ['_type', 'subject', 'predicateType', 'predicate'],
  properties: {
    _type: { const: 'https://in-toto.io/Statement/v1' },
    subject: { type: 'array', minItems: 1, items: { allOf: [DESCRIPTOR, { required: ['digest'] }] } },
    predicateType: { allOf: [TYPE_URI, { const: predicateType }] },
    predicate,
  },
});
const PUBLISHED: Readonly<Record<Attestation['predicateType'], object>> = {
  [RUN_PREDICATE]: statementSchema(RUN_PREDICATE, { type: 'object' }),
  [TEST_RESULT_PREDICATE]: statementSchema(TEST_RESULT_PREDICATE, {
    type: 'object',
    required: ['result', 'configuration'],
    properties: {
      result: { enum: ['PASSED', 'WARNED', 'FAILED'] },
      configuration: { type: 'array', items: DESCRIPTOR },
      passedTests: NAMES,
      warnedTests: NAMES,
      failedTests: NAMES,
    },
  }),
  [SVR_PREDICATE]: statementSchema(SVR_PREDICATE, {
    type: 'object',
    required: ['verifier', 'timeCreated', 'properties'],
    properties: {
      verifier: {
        type: 'object',
        required: ['id', 'policies'],
        properties: { id: TYPE_URI, policies: { type: 'array', items: DESCRIPTOR } },
      },
      timeCreated: { type: 'string', pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$` },
      properties: NAMES,
    },
  }),
};

test("in-toto's published forms are kept", () => {
  const ajv = new Ajv2020({ strict: false });
  for (const run of [PROMOTED, ROLLED_BACK])
    for (const statement of statementsOf(run)) {
      const written: unknown = JSON.parse(Buffer.from(payloadOf(statement)).toString('utf8'));
      expect(ajv.validate(PUBLISHED[statement.predicateType], written), ajv.errorsText()).toBe(true);
    }
  expect(
    ajv.validate(PUBLISHED[SVR_PREDICATE], { ...statementsOf(PROMOTED)[2], subject: [{ name: 'x' }] }),
  ).toBe(false);
});

test('what a run says of itself is checked before it is signed', async () => {
  await expect(attest({ ...PROMOTED, commit: 'main' }, KEY)).rejects.toThrow('commit');
  await expect(attest({ ...PROMOTED, deployment: 'urn:other' }, KEY)).rejects.toThrow('deployment');
});
