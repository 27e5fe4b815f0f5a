import { describe, expect, test } from 'vitest';

import { createKnownSecrets } from '../../src/adapters/known-secrets.js';
import type { Config } from '../../src/config.js';
import { createLog } from '../../worker/log.js';

/** Proves what a line of the log holds, and what it never does. That a worker's lines come here: sight.server-test.ts. */
const SECRET = 's/ecret" é\\ of 30 characters';
const { redact } = createKnownSecrets({ A_TOKEN: SECRET });

function logged(log: Config['log'], over: Partial<Parameters<typeof createLog>[0]> = {}) {
  const lines: string[] = [];
  const logger = createLog({ log, redact, write: (level, line) => lines.push(`${level} ${line}`), ...over });
  return { logger, lines };
}

/** The one line, read as a machine would. */
function read([line = '']: readonly string[]): Record<string, unknown> {
  const parsed: unknown = JSON.parse(line.slice(line.indexOf('{')));
  return Object.fromEntries(Object.entries(parsed ?? {}));
}

describe('a line as JSON', () => {
  test('names target, activity and queue as they are called here, and leaves out what says nothing', () => {
    const { logger, lines } = logged({ form: 'json', level: 'info' });
    logger.info('gate', {
      sdkComponent: 'activity',
      workflowId: 'promotion/tau-production',
      activityType: 'askGate',
      taskQueue: 'promotion',
      attempt: 2,
      taskToken: 'AAAA',
      run: 'r1',
      gate: 'gateway',
      reasonCodes: ['a', 'b'],
      round: undefined,
    });
    const { time, worker, ...rest } = read(lines);
    expect(new Date(String(time)).toISOString()).toBe(time);
    expect(worker).toMatch(/^\d+@/);
    expect(rest).toEqual({
      level: 'info',
      target: 'tau-production',
      component: 'activity',
      workflowId: 'promotion/tau-production',
      activity: 'askGate',
      queue: 'promotion',
      attempt: 2,
      run: 'r1',
      gate: 'gateway',
      reasonCodes: ['a', 'b'],
      msg: 'gate',
    });
  });

  test("takes the native side's module for no target of ours, and no field for its own words", () => {
    const { logger, lines } = logged({ form: 'json', level: 'warn' });
    logger.warn('gRPC call failed', {
      sdkComponent: 'core',
      target: 'temporalio_client',
      msg: 'x',
      level: 'info',
    });
    const { level, msg, module, target } = read(lines);
    expect({ level, msg, module, target }).toEqual({
      level: 'warn',
      msg: 'gRPC call failed',
      module: 'temporalio_client',
      target: undefined,
    });
  });

  test('is redacted before it is cut, so that no part of a secret stays', () => {
    const { logger, lines } = logged({ form: 'json', level: 'info' });
    const filler = '-'.repeat(4_000 - 10);
    logger.error(`about ${SECRET}`, { error: new Error(`${filler}${SECRET}`), deep: { of: [SECRET] } });
    const [line = ''] = lines;
    for (let length = 6; length <= SECRET.length; length += 1)
      expect(line).not.toContain(JSON.stringify(SECRET.slice(0, length)).slice(1, -1));
    expect(read(lines)).toMatchObject({
      msg: 'about [redacted:A_TOKEN]',
      deep: '{"of":["[redacted:A_TOKEN]"]}',
    });
  });

  test('is left out where only the whole line spells a secret and would no longer be JSON without it', () => {
    const spelledByTheForm = '"msg":"a secret"';
    const own = createKnownSecrets({ B_TOKEN: spelledByTheForm });
    const { logger, lines } = logged({ form: 'json', level: 'info' }, { redact: own.redact });
    logger.info('a secret');
    expect(read(lines)).toEqual({
      level: 'error',
      msg: 'a line of the log held a secret and is left out',
    });
  });
});

describe('a line in words', () => {
  test('says what a person needs, without secrets', () => {
    const { logger, lines } = logged({ form: 'plain', level: 'warn' });
    logger.warn('Activity failed', { activityType: 'askGate', gate: 'gateway', attempt: 1 });
    logger.warn(`held ${SECRET}`);
    expect(lines).toEqual(['WARN Activity failed (askGate, gateway)', 'WARN held [redacted:A_TOKEN]']);
  });

  test('says nothing below its level, and not that queues without workflows have none', () => {
    const { logger, lines } = logged({ form: 'plain', level: 'warn' });
    logger.info('phase', { phase: 'watching' });
    logger.warn('No workflows registered, not polling for workflow tasks');
    expect(lines).toEqual([]);
  });
});
