import { z } from 'zod';

import { HEALTHS, ROLLOUT_GATES } from '../domain/posture.js';
import { pointer } from './runbook-reader.js';
import { REFUSED_VARIABLES } from './refused-variables.js';

/** How a runbook asks or tells a system something, and what it expects to hear: parts of gates, repairs and steps. */

export const text = z.string().max(4096);
const reasonCode = z.string().min(1).max(128);
export const reasonCodes = z.array(reasonCode).min(1).max(64);
export const expectation = z.strictObject({ health: z.enum(HEALTHS), gate: z.enum(ROLLOUT_GATES) });

/** What is read of an answer at most; redacting more would hold up every heartbeat of the worker. */
const maxBytes = z.int().min(1).max(1_048_576, 'at most 1048576 bytes (1 MiB) are read');

export const http = z
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

export const environmentName = z
  .string()
  .regex(/^[A-Z_][A-Z0-9_]{0,63}$/, 'an environment variable is A-Z, 0-9 and _, not beginning with a digit');

export const command = z.strictObject({
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

export type HttpRequest = z.infer<typeof http>;
export type Command = z.infer<typeof command>;
