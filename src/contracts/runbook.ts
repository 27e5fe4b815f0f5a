import { z } from 'zod';

import { HEALTHS, ROLLOUT_GATES } from '../domain/posture.js';
import { deadline, duration } from './duration.js';
import { gitPlace } from './git-place.js';
import { identifier } from './names.js';
import { isExitCodeReader, isFieldsReader, pointer, reader } from './runbook-reader.js';
import { owner, relatedRunbook } from './runbook-ownership.js';
import { REFUSED_VARIABLES } from './refused-variables.js';

/** A runbook as it is written: docs/reference/runbook.md. Strings may hold `${variable}`; `$${` is a literal `${`. */

const text = z.string().max(4096);
const reasonCode = z.string().min(1).max(128);
const reasonCodes = z.array(reasonCode).min(1).max(64);
const expectation = z.strictObject({ health: z.enum(HEALTHS), gate: z.enum(ROLLOUT_GATES) });

/** What is read of an answer at most; redacting more would hold up every heartbeat of the worker. */
const maxBytes = z.int().min(1).max(1_048_576, 'at most 1048576 bytes (1 MiB) are read');

const http = z
  .strictObject({
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
    url: text,
    headers: z.record(z.string().regex(/^[a-z0-9-]{1,64}$/, 'a header name in lower case'), text).default({}),
    bearer: text.optional(),
    basic: z.strictObject({ username: text, password: text }).optional(),
    /** A bearer token that this endpoint gives for a password; in memory only, asked for anew when it is refused. */
    session: z
      .strictObject({ url: text, json: z.json(), token: pointer.default('/access_token') })
      .optional(),
    json: z.json().optional(),
    text: text.optional(),
    /** A file of PEM certificates, the only ones that the endpoint's may come from. */
    ca: text.optional(),
    maxBytes: maxBytes.optional(),
  })
  .superRefine(({ bearer, basic, session, headers, json, text: body }, context) => {
    const ways = [bearer, basic, session, headers['authorization']].filter((way) => way !== undefined);
    if (ways.length > 1)
      context.addIssue({
        code: 'custom',
        message: 'at most one of bearer, basic, session and an authorization header',
      });
    if (json !== undefined && body !== undefined)
      context.addIssue({ code: 'custom', message: 'at most one of json, text' });
  });

const environmentName = z
  .string()
  .regex(/^[A-Z_][A-Z0-9_]{0,63}$/, 'an environment variable is A-Z, 0-9 and _, not beginning with a digit');

const command = z.strictObject({
  argv: z.array(text).min(1).max(64),
  workingDirectory: text.default('.'),
  /** Names of environment variables that are passed on, beside PATH and HOME. */
  environment: z
    .array(
      environmentName.refine(
        (name) => !REFUSED_VARIABLES.test(name),
        'this variable would change what a command loads or asks: take it out',
      ),
    )
    .max(32)
    .default([]),
  /** Of its standard output, and of its error output as much again. */
  maxBytes: maxBytes.optional(),
});

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

/** Whether a status tells about the system. Redirects lead elsewhere; 401, 403, 408, 425, 429 are about the question. */
export function expectableStatus(code: number): boolean {
  return (code >= 200 && code <= 299) || (code >= 400 && code <= 499 && !OF_THE_QUESTION.has(code));
}

const OF_THE_QUESTION = new Set([401, 403, 408, 425, 429]);
const status = z
  .int()
  .refine(
    expectableStatus,
    'a status that can be expected is 200 to 299, or 400 to 499 but not 401, 403, 408, 425, 429',
  );
const statuses = z.array(status).min(1).max(16);

/** Asks and changes nothing. */
const question = http.refine(({ method }) => method === 'GET', 'what only asks is a GET');

const promotionStep = z
  .strictObject({
    id: identifier,
    git: gitPlace.optional(),
    command: command.optional(),
    http: http.optional(),
    /** Statuses that say it is done; left out: 200 to 299. */
    expectStatus: statuses.optional(),
    /** A step that can't be repeated safely says so and is tried once. */
    repeatable: z.boolean().default(true),
    deadline: deadline.prefault('2m'),
  })
  .superRefine((value, context) => {
    if ([value.git, value.command, value.http].filter((means) => means !== undefined).length !== 1)
      context.addIssue({ code: 'custom', message: 'a promotion step has one of git, command, http' });
    if (value.http === undefined && value.expectStatus !== undefined)
      context.addIssue({ code: 'custom', path: ['expectStatus'], message: EXPECTS_OF_HTTP });
  });

const EXPECTS_OF_HTTP = 'expectStatus is about the answer to http: this step has none';

/** What shows, before it runs, that a rollback command would act on what lives. Paths are from its working directory. */
const requirements = z
  .strictObject({
    files: z.array(text).max(16).default([]),
    /** A value in a JSON file that the gate's live answer must have too: a copy, or another system's, differs. */
    same: z
      .array(z.strictObject({ file: text, at: pointer, gate: identifier, as: pointer }))
      .max(16)
      .default([]),
  })
  .refine(
    ({ files, same }) => files.length + same.length > 0,
    'requires names files, or what is the same in a file and in an answer',
  );

const scalar = z.union([z.string().max(1024), z.number(), z.boolean(), z.null()]);

/** What the system itself must say afterwards; exit code and status of the step prove nothing. */
const verification = z
  .strictObject({
    /** A gate's posture. */
    gate: identifier.optional(),
    expect: z.strictObject({ gate: z.enum(ROLLOUT_GATES), reasonCodes }).optional(),
    /** An answer over HTTP: an expected status, and the value at each JSON Pointer. */
    http: question.optional(),
    answers: z
      .strictObject({ status: statuses.optional(), values: z.record(pointer, scalar).optional() })
      .optional(),
    /** What the branch of a promotion step with git holds. */
    branch: identifier.optional(),
    has: z.enum(['former-tree', 'commit', 'no-commit']).optional(),
  })
  .superRefine((value, context) => {
    const pairs = [
      [value.gate, value.expect],
      [value.http, value.answers],
      [value.branch, value.has],
    ];
    const given = pairs.filter((pair) => pair.some((part) => part !== undefined));
    if (given.length !== 1 || given.flat().includes(undefined))
      context.addIssue({
        code: 'custom',
        message: 'verify asks in one way: gate and expect, http and answers, or branch and has',
      });
    const { answers } = value;
    if (
      answers !== undefined &&
      answers.status === undefined &&
      Object.keys(answers.values ?? {}).length === 0
    )
      context.addIssue({
        code: 'custom',
        path: ['answers'],
        message: 'answers names an expected status or values: that something answers proves nothing',
      });
  });

const gitRevert = z
  .strictObject({
    /** Gives the branch of that promotion step the tree of its recorded former tip. */
    step: identifier.optional(),
    /** Where the runbook promotes by other means: reverts the promoted commit itself, if this branch has it. */
    git: gitPlace.optional(),
    /** Which parent of a merge is what was before, from 1. */
    mainline: z.int().min(1).max(64).optional(),
  })
  .superRefine((value, context) => {
    if ((value.step === undefined) === (value.git === undefined))
      context.addIssue({ code: 'custom', message: 'gitRevert has one of step, git' });
    if (value.step !== undefined && value.mainline !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['mainline'],
        message: 'mainline goes with git only: with step the branch gets back its recorded former tip',
      });
  });

const rollbackStep = z
  .strictObject({
    id: identifier,
    command: command.optional(),
    http: http.optional(),
    gitRevert: gitRevert.optional(),
    /** Statuses that say that the request was taken; left out: 200 to 299. */
    expectStatus: statuses.optional(),
    /** A step that can't be repeated safely is tried once in each attempt of the rollback, and then only asked about. */
    repeatable: z.boolean().default(true),
    requires: requirements.optional(),
    /** A question that shows, before promoting, that the credentials of an http step are taken. */
    check: z.strictObject({ http: question, status: statuses.optional() }).optional(),
    verify: verification.optional(),
    /** What a person does to undo this step once service may come back. Told, never run. */
    bringBack: z
      .strictObject({ command: command.optional(), http: http.optional() })
      .refine(
        (value) => (value.command === undefined) !== (value.http === undefined),
        'bringBack is one of command, http',
      )
      .optional(),
    deadline: deadline.prefault('2m'),
  })
  .superRefine((value, context) => {
    const report = (message: string, ...path: readonly string[]): void =>
      context.addIssue({ code: 'custom', path: [...path], message });
    const means = [value.command, value.http, value.gitRevert].filter((each) => each !== undefined);
    if (means.length !== 1) report('a rollback step has one of command, http, gitRevert');
    if (value.command !== undefined && value.verify === undefined)
      report('a command that rolls back needs verify: its exit code proves nothing');
    if (value.http !== undefined && value.verify === undefined)
      report('a request that rolls back needs verify: its status proves nothing');
    if (value.http !== undefined && value.check === undefined)
      report('a request that rolls back needs check: a GET that shows that its credentials are taken');
    if (value.http === undefined && value.check !== undefined)
      report('check is about the credentials of http: this step has none', 'check');
    if (value.http === undefined && value.expectStatus !== undefined) report(EXPECTS_OF_HTTP, 'expectStatus');
    if (value.command === undefined && value.requires !== undefined)
      report('requires is about the working directory of a command: this step has none', 'requires');
    if (value.gitRevert !== undefined && !value.repeatable)
      report('a revert is repeated safely: repeatable can not be false', 'repeatable');
    if (value.gitRevert !== undefined && value.verify !== undefined)
      report('a revert is proven by the branch itself: leave verify out', 'verify');
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
  approval: z.strictObject({
    required: z.int().min(1).max(16).default(1),
    /** Names, or the one variable that lists them. */
    approvers: z.union([
      z.array(text).min(1, 'at least one approver: without one nobody could decide'),
      text,
    ]),
    selfApproval: z.boolean().default(false),
    expires: deadline.prefault('24h'),
  }),
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
export type HttpRequest = z.infer<typeof http>;
export type Command = z.infer<typeof command>;
export type Variable = z.infer<typeof variable>;
export type PromotionStep = Runbook['promotion']['steps'][number];
export type RollbackStep = Runbook['rollback']['steps'][number];
