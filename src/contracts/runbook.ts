import { z } from 'zod';

import { deadline, duration } from './duration.js';
import { identifier } from './names.js';
import { command, environmentName, expectation, http, reasonCodes, text } from './runbook-question.js';
import { isExitCodeReader, isFieldsReader, reader } from './runbook-reader.js';
import { approval } from './runbook-approval.js';
import { promotionStep, rollbackStep } from './runbook-steps.js';
import { owner, relatedRunbook } from './runbook-ownership.js';

/** A runbook as it is written: docs/reference/runbook.md. Strings may hold `${variable}`; `$${` is a literal `${`. */

const variable = z
  .strictObject({
    description: text.optional(),
    env: environmentName.optional(),
    default: text.optional(),
    /** Its value goes into no file, log or history. */
    secret: z.boolean().default(false),
    /** A command: the first of these whose program is on PATH. Overridden, it is split at white space. */
    command: z.array(z.array(text).min(1)).min(1).optional(),
    /** A list, comma-separated where it is overridden. */
    list: z.boolean().default(false),
  })
  .superRefine((value, context) => {
    const refuse = (key: keyof typeof value, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (value.secret && value.default !== undefined)
      refuse('default', 'a secret stands in no file: take the default out, and name an env');
    if (value.secret && (value.list || value.command !== undefined))
      refuse(value.list ? 'list' : 'command', 'a secret is one text: take this out, or secret');
    if (value.command !== undefined && (value.list || value.default !== undefined))
      refuse(value.list ? 'list' : 'default', 'a command is a list with its own defaults: take this out');
  });

const gate = z
  .strictObject({
    id: identifier,
    title: text.optional(),
    http: http.optional(),
    command: command.optional(),
    /** Derived from three gates of the same round by the rules of Tau's validator; asks nothing again. */
    readiness: z.strictObject({ gateway: identifier, cortex: identifier, operator: identifier }).optional(),
    reader: reader.optional(),
    expect: expectation,
    deadline: deadline.prefault('20s'),
  })
  .superRefine((value, context) => {
    const questions = [value.http, value.command, value.readiness].filter(
      (question) => question !== undefined,
    );
    if (questions.length !== 1)
      context.addIssue({ code: 'custom', message: 'a gate has one of http, command, readiness' });
    if ((value.readiness === undefined) !== (value.reader !== undefined))
      context.addIssue({
        code: 'custom',
        message: 'a gate that asks names a reader; a readiness gate names none',
      });
    if (value.command === undefined && isExitCodeReader(value.reader))
      context.addIssue({
        code: 'custom',
        path: ['reader'],
        message: 'exit-code reads the exit code of a command: ask by command, or name another reader',
      });
    if (value.http === undefined && value.reader === 'http-status')
      context.addIssue({
        code: 'custom',
        path: ['reader'],
        message: 'http-status reads the status of an HTTP answer: ask by http, or name another reader',
      });
    if (isFieldsReader(value.reader) && value.expect.health === 'unknown')
      context.addIssue({
        code: 'custom',
        path: ['expect', 'health'],
        message: 'unknown is what no data reads as, which is never a pass: expect another health',
      });
  });

const repair = z
  .strictObject({
    id: identifier,
    /** Reason codes, by gate, that it can help with: nothing runs for a code it can't. */
    helps: z.record(identifier, reasonCodes),
    /** Runs only if this gate answered and gave none of these codes. */
    unless: z.strictObject({ gate: identifier, codes: reasonCodes }).optional(),
    http: http.optional(),
    command: command.optional(),
    /** A person is told what to do, and has this time until they say `remediated`. */
    manual: z
      .strictObject({ text: z.string().min(1).max(512), deadline: deadline.prefault('15m') })
      .optional(),
    /** How often it is tried where it gives no answer; first after `backoff`, doubled each time. */
    attempts: z.int().min(1).max(10).default(1),
    backoff: deadline.prefault('1s'),
    /** For all attempts and the waits between them. */
    deadline: deadline.prefault('1m'),
  })
  .superRefine(({ http: request, command: run, manual, attempts }, context) => {
    if ([request, run, manual].filter((way) => way !== undefined).length !== 1)
      context.addIssue({ code: 'custom', message: 'a repair has one of http, command, manual' });
    if (manual !== undefined && attempts > 1)
      context.addIssue({
        code: 'custom',
        path: ['attempts'],
        message: 'a person is asked once a round: take attempts out, or give manual a longer deadline',
      });
  });

export const runbookSchema = z.strictObject({
  v: z.literal(1, 'this version of promote reads runbooks with v: 1'),
  name: identifier,
  title: text.optional(),
  variables: z
    .record(z.string().regex(/^[a-z][A-Za-z0-9]{0,47}$/, 'a variable name in camelCase'), variable)
    .default({}),
  prerequisites: z
    .array(z.strictObject({ id: identifier, command, deadline: deadline.prefault('10m') }))
    .max(16)
    .default([]),
  gates: z.array(gate).min(1).max(32),
  remediation: z
    .strictObject({
      retries: z.int().min(0).max(5).default(1),
      manual: z.strictObject({ deadline }).prefault({ deadline: '15m' }),
      repairs: z.array(repair).max(32).default([]),
    })
    .prefault({}),
  approval,
  promotion: z.strictObject({ steps: z.array(promotionStep).min(1).max(16) }),
  watch: z
    .strictObject({
      window: deadline.prefault('10m'),
      interval: deadline.prefault('15s'),
      repeatedFailing: z.int().min(1).max(100).default(2),
      unreachableLimit: z.int().min(1).max(100).default(4),
    })
    .prefault({}),
  rollback: z.strictObject({
    triggers: z.strictObject({
      artifactUnrepaired: z.strictObject({ gate: identifier, codes: reasonCodes }).optional(),
      repeatedFailing: z.strictObject({
        gates: z.array(identifier).min(1),
        rounds: z.int().min(1).max(6).default(2),
      }),
      readinessFailed: z.strictObject({ gate: identifier }).optional(),
    }),
    confirmAfter: duration.prefault('2m'),
    /** Ids of steps: it promotes although they could not run, which the runbook says by name. */
    promoteUnrollbackable: z.array(identifier).max(16).default([]),
    steps: z.array(rollbackStep).min(1).max(16),
  }),
  /** Gates of which a promotion may be asked to expect another posture ("sparse local environments"). None by default. */
  overridable: z.array(identifier).max(32).default([]),
  relatedRunbooks: z.array(relatedRunbook).max(32).default([]),
  owners: z.array(owner).max(32).default([]),
});

export type Runbook = z.infer<typeof runbookSchema>;
export type RunbookGate = Runbook['gates'][number];
export type Variable = z.infer<typeof variable>;
