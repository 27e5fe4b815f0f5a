// Proves the last line before Temporal's history: what activities give back, throw and say while they run leaves them
// without the worker's secrets, and is otherwise what it was. That it does so within a worker is proven on the server
// (redacting.server-test.ts).
import {
  ApplicationFailure,
  CancelledFailure,
  CompleteAsyncError,
  Context,
  heartbeat,
} from '@temporalio/activity';
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';

import { createKnownSecrets } from '../../src/adapters/known-secrets.js';
import { redacting } from '../../worker/redacting.js';

const CANARY = 'cAn/ary " é + \\ & space';
const known = createKnownSecrets({ A_TOKEN: CANARY });
const guard = { redact: known.redact, holdsSecret: known.holds };

function environment(lines: string[] = []): MockActivityEnvironment {
  const logger = new DefaultLogger('WARN', ({ message }) => void lines.push(message));
  return new MockActivityEnvironment({}, { logger, interceptors: [redacting(guard)] });
}

/** What history would hold of it. */
async function failureOf(thrown: unknown) {
  const error = await environment()
    .run(() => Promise.reject(thrown))
    .then(
      () => undefined,
      (rejected: unknown) => rejected,
    );
  const written = defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);
  const text = JSON.stringify(written, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
  );
  return { error, written, text };
}

const holds = (text: string): boolean => known.holds(text);

describe('a failure', () => {
  const withCauses = (depth: number): Error =>
    new Error(`${depth}: ${CANARY}`, depth === 0 ? {} : { cause: withCauses(depth - 1) });
  const ring = new Error(CANARY);
  ring.cause = ring;
  const fromTemporal = ApplicationFailure.create({ message: CANARY });
  fromTemporal.failure = { message: CANARY, applicationFailureInfo: { type: CANARY } };

  test.each<[string, unknown]>([
    ['an error', new Error(`about ${CANARY}`)],
    ['an error with a name', Object.assign(new Error('x'), { name: CANARY })],
    ['a stack', Object.assign(new Error('x'), { stack: `Error: x\n    at ${CANARY}` })],
    ['a cause', new Error('x', { cause: new Error(encodeURIComponent(CANARY)) })],
    ['many causes', withCauses(30)],
    ['a ring of causes', ring],
    ['a cause that is no error', new Error('x', { cause: CANARY })],
    ['details', ApplicationFailure.create({ message: 'x', details: [{ deep: [CANARY] }, CANARY] })],
    ['a type', ApplicationFailure.create({ message: 'x', type: CANARY })],
    ['a failure within', new Error('x', { cause: ApplicationFailure.create({ details: [CANARY] }) })],
    ['a failure as it came from Temporal', fromTemporal],
    ['one that was cancelled', new CancelledFailure(CANARY, [CANARY], new Error(CANARY))],
    ['a text', `about ${CANARY}`],
    ['an object', { message: CANARY }],
    ['an error whose text is no text', Object.assign(new Error('x'), { message: { [CANARY]: 1 } })],
  ])('holds no secret: %s', async (_, thrown) => {
    const { text } = await failureOf(thrown);
    expect(holds(text), text).toBe(false);
  });

  test('that can not be read says only that', async () => {
    const hostile = new Error('x');
    Object.defineProperty(hostile, 'message', {
      get: () => {
        throw new Error(CANARY);
      },
    });
    const { error, text } = await failureOf(hostile);
    expect(holds(text)).toBe(false);
    expect(error).toMatchObject({ type: 'internal_error', nonRetryable: true });
  });

  test.each([true, false])(
    'keeps type, repeatability and the rest: nonRetryable %s',
    async (nonRetryable) => {
      const cause = ApplicationFailure.create({
        message: `below ${CANARY}`,
        type: 'below',
        nonRetryable: true,
      });
      const { error, written } = await failureOf(
        ApplicationFailure.create({
          message: `said ${CANARY}`,
          type: 'evidence_full',
          nonRetryable,
          details: [{ n: 1, is: true }],
          nextRetryDelay: '2s',
          cause,
        }),
      );
      expect(error).toMatchObject({
        message: 'said [redacted:A_TOKEN]',
        type: 'evidence_full',
        nonRetryable,
        details: [{ n: 1, is: true }],
        nextRetryDelay: '2s',
        cause: { message: 'below [redacted:A_TOKEN]', type: 'below', nonRetryable: true },
      });
      expect(written.stackTrace).toContain('redacting.test.ts');
    },
  );

  test('that is none goes through: one who completes later', async () => {
    const later = new CompleteAsyncError();
    await expect(environment().run(() => Promise.reject(later))).rejects.toBe(later);
  });

  test('that cancels still does', async () => {
    const { error } = await failureOf(new CancelledFailure('CANCELLED'));
    expect(error).toBeInstanceOf(CancelledFailure);
  });
});

describe('a result', () => {
  test('without a secret is the very same, and nothing is said', async () => {
    const lines: string[] = [];
    const result = { a: ['text', 1, null, true, undefined], deep: { password: 'see the ticket' } };
    expect(await environment(lines).run(() => Promise.resolve(result))).toBe(result);
    expect(lines).toEqual([]);
  });

  test('with one goes on without, and a line says so without it', async () => {
    const lines: string[] = [];
    const result = {
      text: `said ${CANARY}`,
      list: [JSON.stringify({ CANARY }), 7, null],
      kept: 'password: see the ticket',
    };
    expect(await environment(lines).run(() => Promise.resolve(result))).toEqual({
      text: 'said [redacted:A_TOKEN]',
      list: ['{"CANARY":"[redacted:A_TOKEN]"}', 7, null],
      kept: 'password: see the ticket',
    });
    expect(lines).toEqual([expect.stringContaining('a result held a secret')]);
    expect(holds(lines.join('\n'))).toBe(false);
  });

  test('keeps its own words, whatever a secret is called', async () => {
    const result = { problems: [], [CANARY]: `x ${CANARY}` };
    expect(await environment().run(() => Promise.resolve(result))).toEqual({
      problems: [],
      [CANARY]: 'x [redacted:A_TOKEN]',
    });
  });

  test('that is no plain data is taken as it would be written', async () => {
    class Held {
      toJSON(): unknown {
        return { said: CANARY };
      }
    }
    expect(await environment().run(() => Promise.resolve({ held: new Held() }))).toEqual({
      held: { said: '[redacted:A_TOKEN]' },
    });
  });

  test('of bytes is none: a secret in them would not be seen', async () => {
    const failing = environment().run(() => Promise.resolve({ bytes: Buffer.from(CANARY) }));
    await expect(failing).rejects.toMatchObject({ type: 'internal_error', nonRetryable: true });
  });
});

test('a heartbeat holds no secret, by either way of sending it', async () => {
  const inActivity = environment();
  const beats: unknown[] = [];
  inActivity.on('heartbeat', (details: unknown) => beats.push(details));
  await inActivity.run(async () => {
    heartbeat({ at: CANARY });
    Context.current().heartbeat([CANARY]);
    Context.current().heartbeat();
    return Promise.resolve();
  });
  expect(beats).toEqual([{ at: '[redacted:A_TOKEN]' }, ['[redacted:A_TOKEN]'], undefined]);
});
