import { z } from 'zod';

import { deploymentName, siteName, targetName } from './names.js';
import { notifierSchema } from './notifier.js';

/** Where something listens: an address of this machine and a port, `127.0.0.1:9464`; `localhost` is 127.0.0.1. */
export const listenAddress = z
  .string()
  .max(64)
  .transform((text) => text.replace(/^localhost:/, '127.0.0.1:'))
  .refine(isListenAddress, 'an IP address and a port from 1 to 65535, such as 127.0.0.1:9464 or [::1]:9464');

function isListenAddress(text: string): boolean {
  const [, host = '', inBrackets, port = ''] = /^(\[(.*)\]|[^:[\]]*):(\d{1,5})$/.exec(text) ?? [];
  const isAddress = inBrackets === undefined ? z.ipv4() : z.ipv6();
  return isAddress.safeParse(inBrackets ?? host).success && Number(port) >= 1 && Number(port) <= 65_535;
}

/** How a worker's log is written, and from which level on. */
export const logForm = z.enum(['plain', 'json'], 'plain or json');
export const logLevel = z.enum(
  ['trace', 'debug', 'info', 'warn', 'error'],
  'trace, debug, info, warn or error',
);

/** `promote.yaml`: settings of one deployment. No secret stands in it. docs/reference/settings.md */
export const settingsSchema = z.strictObject({
  v: z.literal(1, 'this version of promote reads settings with v: 1'),
  /** Names this installation in every signed statement: a decision for another one is refused. */
  deployment: deploymentName.default('local'),
  /** Project's own data: server state, mirrors, logs. Relative to this file. */
  dataDir: z.string().max(1024).default('.promote'),
  /** Where evidence folders are made. Relative to this file. */
  evidenceDir: z.string().max(1024).default('.tau/reports/operator-readiness'),
  /** Whose signatures under evidence are believed. Relative to this file. */
  trustedKeys: z.string().max(1024).default('trusted-keys.json'),
  /** Prefix of the task queues. */
  taskQueue: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
    .default('promotion'),
  /** Path of a temporal binary. */
  temporalExecutable: z.string().max(1024).optional(),
  /** Whom workers tell of what happens. */
  notifications: z
    .array(notifierSchema)
    .max(8)
    .refine(
      (notifiers) => new Set(notifiers.map(({ name }) => name)).size === notifiers.length,
      'two notifiers have one name: rename one',
    )
    .default([]),
  /** Targets and their runbooks, relative to this file; without any, every target takes the shipped runbook. */
  targets: z
    .record(
      targetName,
      z.strictObject({
        runbook: z.string().max(1024),
        /** From where it is asked and promoted: the site of workers with PROMOTE_SITE. */
        site: siteName.optional(),
      }),
    )
    .optional(),
});
export type Settings = z.infer<typeof settingsSchema>;
