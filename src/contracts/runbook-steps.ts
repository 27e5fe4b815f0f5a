import { z } from 'zod';

import { ROLLOUT_GATES } from '../domain/posture.js';
import { deadline } from './duration.js';
import { gitPlace } from './git-place.js';
import { identifier } from './names.js';
import { command, http, reasonCodes, text } from './runbook-question.js';
import { pointer } from './runbook-reader.js';

/** What a runbook's promotion and rollback do, and how each step of a rollback is proven. */

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

export const promotionStep = z
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

export const rollbackStep = z
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

export type PromotionStep = z.infer<typeof promotionStep>;
export type RollbackStep = z.infer<typeof rollbackStep>;
