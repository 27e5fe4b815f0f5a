// Proves the border between our errors and Temporal's: for every code of an adapter's error the type of the failure, and
// whether another attempt is made. That Temporal then does so is proven on its server; that no secret goes over the border,
// in test/worker/redacting.test.ts.
import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import { ZodError } from 'zod';

import { atBorder, failureOf } from '../../activities/failures.js';
import { CanonicalError, type CanonicalErrorCode } from '../../src/adapters/canonical.js';
import { EvidenceError, type EvidenceErrorCode } from '../../src/adapters/evidence/evidence-error.js';
import { GitError, type GitErrorCode } from '../../src/adapters/git/error.js';
import { createRedactor, RedactionError, type RedactionErrorCode } from '../../src/adapters/redaction.js';
import { SignatureError } from '../../src/adapters/signatures/error.js';
import { InputError, type InputErrorCode } from '../../src/contracts/input-error.js';
import { MalformedStatement } from '../../src/domain/statement.js';

const SECRET = 'correct-horse-battery-staple';
const redact = (text: string): string => createRedactor({ token: SECRET })(text).text;

type Fate = 'again' | 'once';
type Row = readonly [type: string, fate: Fate];

/** Every code has its row, or the table does not compile. */
const EVIDENCE: Readonly<Record<EvidenceErrorCode, Row>> = {
  conflict: ['evidence_conflict', 'once'],
  journal_fork: ['journal_fork', 'once'],
  full: ['evidence_full', 'again'],
  unavailable: ['evidence_unavailable', 'again'],
  not_regular: ['not_regular', 'once'],
  outside_root: ['outside_root', 'once'],
  bad_name: ['bad_name', 'once'],
};
const GIT: Readonly<Record<GitErrorCode, Row>> = {
  access_denied: ['access_denied', 'once'],
  bad_branch: ['bad_branch', 'once'],
  bad_commit: ['bad_commit', 'once'],
  bad_credentials: ['bad_credentials', 'once'],
  bad_remote: ['bad_remote', 'once'],
  branch_missing: ['branch_missing', 'once'],
  branch_moved_on: ['branch_moved_on', 'once'],
  cancelled: ['cancelled', 'again'],
  commit_already_contained: ['commit_already_contained', 'once'],
  commit_unknown: ['commit_unknown', 'once'],
  disk_full: ['disk_full', 'again'],
  git_failed: ['git_failed', 'once'],
  git_missing: ['git_missing', 'once'],
  git_timeout: ['git_timeout', 'again'],
  mainline_missing: ['mainline_missing', 'once'],
  push_not_permitted: ['push_not_permitted', 'once'],
  push_rejected: ['push_rejected', 'once'],
  remote_unreachable: ['remote_unreachable', 'again'],
  revert_conflict: ['revert_conflict', 'once'],
  signing_failed: ['signing_failed', 'once'],
};
const SIGNATURE: Readonly<Record<'io' | `ssh_keygen_${'missing' | 'timeout' | 'failed'}`, Row>> = {
  io: ['io', 'again'],
  ssh_keygen_missing: ['ssh_keygen_missing', 'once'],
  ssh_keygen_timeout: ['ssh_keygen_timeout', 'again'],
  ssh_keygen_failed: ['ssh_keygen_failed', 'once'],
};
const INPUT: Readonly<Record<InputErrorCode, Row>> = {
  invalid_runbook: ['invalid_runbook', 'once'],
  invalid_settings: ['invalid_settings', 'once'],
  missing_variable: ['missing_variable', 'once'],
  unknown_commit: ['unknown_commit', 'once'],
  bad_target: ['bad_target', 'once'],
  bad_usage: ['bad_usage', 'once'],
};
const CANONICAL: Readonly<Record<CanonicalErrorCode, Row>> = {
  lone_surrogate: ['lone_surrogate', 'once'],
  hidden_character: ['hidden_character', 'once'],
  not_an_integer: ['not_an_integer', 'once'],
  not_plain_data: ['not_plain_data', 'once'],
  too_deep: ['too_deep', 'once'],
  not_json: ['not_json', 'once'],
  not_canonical: ['not_canonical', 'once'],
};
const REDACTION: Readonly<Record<RedactionErrorCode, Row>> = {
  secret_too_short: ['secret_too_short', 'once'],
  secret_is_a_contract_word: ['secret_is_a_contract_word', 'once'],
  bad_secret_name: ['bad_secret_name', 'once'],
};

function cases<Code extends string>(
  what: string,
  table: Readonly<Record<Code, Row>>,
  errorOf: (code: Code, message: string) => Error,
) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a record over Code are Codes
  const codes = Object.keys(table) as Code[];
  return codes.map((code) => ({ what, code, error: errorOf(code, `about ${SECRET}`), row: table[code] }));
}

const CASES = [
  ...cases('EvidenceError', EVIDENCE, (code, message) => new EvidenceError(code, message)),
  ...cases('GitError', GIT, (code, message) => new GitError(code, message)),
  ...cases('InputError', INPUT, (code, message) => new InputError(code, [message])),
  ...cases('CanonicalError', CANONICAL, (code, message) => new CanonicalError(code, message)),
  ...cases('RedactionError', REDACTION, (code, message) => new RedactionError(code, 'token', message)),
  ...cases('SignatureError', SIGNATURE, (code, message) => new SignatureError(code, message)),
  ...cases(
    'MalformedStatement',
    { malformed_statement: ['malformed_statement', 'once'] },
    (_code, message) => new MalformedStatement(message),
  ),
];

describe('an error of an adapter', () => {
  test.each(CASES)('$what $code is a failure of its own type', ({ error, row: [type, fate] }) => {
    const failure = failureOf(error);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect({ type: failure.type, nonRetryable: failure.nonRetryable }).toEqual({
      type,
      nonRetryable: fate === 'once',
    });
    expect(failure.message).toBe(error.message);
  });

  test('that says itself whether another attempt helps is believed', () => {
    const moved = new GitError('branch_moved_on', 'others kept pushing', { retryable: true });
    expect(failureOf(moved)).toMatchObject({ type: 'branch_moved_on', nonRetryable: false });
    const down = new GitError('remote_unreachable', 'no such host', { retryable: false });
    expect(failureOf(down)).toMatchObject({ type: 'remote_unreachable', nonRetryable: true });
  });
});

describe('an error that nobody foresaw', () => {
  test.each<{ what: string; error: unknown }>([
    { what: 'an Error', error: new Error(`about ${SECRET}`) },
    { what: 'a TypeError', error: new TypeError(`about ${SECRET}`) },
    {
      what: 'an error of zod',
      error: new ZodError([{ code: 'custom', path: [], message: SECRET, input: '' }]),
    },
    { what: 'a text', error: `about ${SECRET}` },
    { what: 'nothing', error: undefined },
    { what: 'an object with a code', error: { code: 'full', message: SECRET } },
    { what: 'an error with a number for a code', error: Object.assign(new Error(SECRET), { code: 20 }) },
  ])('is internal, tried once, and its text stays here: $what', ({ error }) => {
    const failure = failureOf(error);
    expect(failure).toMatchObject({ type: 'internal_error', nonRetryable: true });
    expect(JSON.stringify([failure.message, failure.stack, failure.cause, failure.details])).not.toContain(
      SECRET,
    );
  });

  test.each([
    { what: 'a system error', error: Object.assign(new Error('no such file'), { code: 'ENOENT' }) },
    { what: 'a wrong argument', error: Object.assign(new TypeError('no'), { code: 'ERR_INVALID_ARG_TYPE' }) },
  ])('is internal also where Node gave it a code: $what', ({ error }) => {
    expect(failureOf(error)).toMatchObject({ type: 'internal_error', nonRetryable: true });
  });
});

/** Failed activities are what is tested. */
const SILENT = new DefaultLogger('ERROR', () => {});

const run = (activity: (input: string) => Promise<string>, info = {}): Promise<string> =>
  new MockActivityEnvironment(info, { logger: SILENT }).run(atBorder(redact, activity), 'input');

describe('an activity', () => {
  test('gives back what it came to', async () => {
    expect(await run((input) => Promise.resolve(`${input} done`))).toBe('input done');
  });

  test('that is started without a workflow does nothing', async () => {
    let began = false;
    const activity = (input: string): Promise<string> => {
      began = true;
      return Promise.resolve(input);
    };
    await expect(run(activity, { inWorkflow: false })).rejects.toMatchObject({
      type: 'not_in_workflow',
      nonRetryable: true,
    });
    expect(began).toBe(false);
  });

  test('that throws crosses the border once', async () => {
    const failing = run(() => Promise.reject(new EvidenceError('full', `no space for ${SECRET}`)));
    await expect(failing).rejects.toMatchObject({ type: 'evidence_full', nonRetryable: false });
    const own = ApplicationFailure.retryable('as it is', 'own');
    await expect(run(() => Promise.reject(own))).rejects.toBe(own);
  });

  test('that is cut short says so and is taken up again, whatever it threw', async () => {
    const environment = new MockActivityEnvironment({}, { logger: SILENT });
    const activity = atBorder(redact, (_input: string): Promise<string> => {
      environment.cancel();
      return Promise.reject(new Error('half done'));
    });
    await expect(environment.run(activity, 'input')).rejects.toMatchObject({
      type: 'cancelled',
      nonRetryable: false,
    });
  });
});
