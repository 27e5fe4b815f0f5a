import { z } from 'zod';

import { NOTIFICATIONS } from '../domain/notification.js';
import { identifier } from './names.js';

const environmentName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,127}$/, 'the name of an environment variable, such as PROMOTE_WEBHOOK_SECRET');

const events = z.array(z.enum(NOTIFICATIONS)).min(1).optional();

/** Whom a worker tells, and how. Secrets are named by the variables that hold them. docs/reference/notifications.md */
export const notifierSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    name: identifier,
    kind: z.literal('webhook'),
    url: z.url({ protocol: /^https?$/ }).max(1024),
    /** Holds the signing secret of Standard Webhooks, `whsec_…`. */
    secretEnv: environmentName,
    /** Left out: all of them. */
    events,
  }),
  z.strictObject({
    name: identifier,
    kind: z.literal('slack'),
    /** Holds the address of an incoming webhook, which is a secret itself. */
    urlEnv: environmentName,
    events,
  }),
]);
export type NotifierSettings = z.infer<typeof notifierSchema>;
