import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Config } from '../config.js';
import { InputError } from '../contracts/input-error.js';
import { commitHash, identity, targetName } from '../contracts/names.js';
import { Interrupted } from './errors.js';
import type { Output } from './output.js';

/** What every command gets. */
export interface Context {
  readonly config: Config;
  readonly output: Output;
  /** Who asks or decides: `--as`, else the configured identity. Proven by a signature alone. */
  readonly by: string;
  /** File of the key that signs it: `--signing-key`, else PROMOTE_SIGNING_KEY. */
  readonly signingKey: string | undefined;
}

/** @throws InputError `bad_target` */
export function parseTarget(given: string): string {
  const result = targetName.safeParse(given);
  if (result.success) return result.data;
  throw new InputError('bad_target', [
    `the target ${shown(given)} can't be: ${messageOf(result.error.issues)}`,
  ]);
}

/** @throws InputError `bad_usage` for anything but a full hash */
export function parseCommit(given: string): string {
  const result = commitHash.safeParse(given);
  if (result.success) return result.data;
  throw new InputError('bad_usage', [
    `--commit ${shown(given)} can't be: ${messageOf(result.error.issues)}; \`git rev-parse\` gives it`,
  ]);
}

/** @throws InputError `bad_usage` */
export function parseIdentity(given: string, option = '--as'): string {
  const result = identity.safeParse(given);
  if (result.success) return result.data;
  throw new InputError('bad_usage', [
    `${option} ${shown(given)} can't be: ${messageOf(result.error.issues)}`,
  ]);
}

/** Words of a person that go into a statement and the evidence; src/domain/statement.ts takes what passes here. */
export function parseText(option: string, given: string): string {
  if (given.length <= 2_000 && given.isWellFormed() && !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(given))
    return given;
  throw new InputError('bad_usage', [
    `${option} can't be: at most 2000 characters, on one line, without control characters`,
  ]);
}

/** As parseText, and not empty. */
export function parseReason(option: string, given: string): string {
  if (given.trim() === '')
    throw new InputError('bad_usage', [`${option} is empty: say why, it is part of the evidence`]);
  return parseText(option, given);
}

/** @throws InputError `bad_usage` */
export function parseWhole(option: string, given: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new InputError('bad_usage', [
    `${option} ${shown(given)} can't be: a whole number from ${min} to ${max}`,
  ]);
}

/** Where a person finds a run's evidence: its path where it is on this machine, else its folder's name on the worker's. */
export function evidenceAt({ evidenceDir }: Pick<Config, 'evidenceDir'>, folder: string): string {
  const path = join(evidenceDir, folder);
  return folder !== '' && existsSync(path) ? path : folder;
}

/** @throws Interrupted when the signal comes first */
export function pause(ms: number, signal: AbortSignal, left: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const interrupt = (): void => {
      clearTimeout(timer);
      reject(new Interrupted(left));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', interrupt);
      resolve();
    }, ms);
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt, { once: true });
  });
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

function messageOf(issues: readonly { readonly message: string }[]): string {
  return issues[0]?.message ?? 'not of its form';
}
