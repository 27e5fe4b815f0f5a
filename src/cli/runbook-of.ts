import { join, resolve } from 'node:path';

import type { Config } from '../config.js';
import { InputError } from '../contracts/input-error.js';
import { parseTarget } from './context.js';

/** The runbook that a command is about: a file, a target's, or the shipped one. */
export function runbookOf(config: Config, file: string | undefined, target: string | undefined): string {
  if (file !== undefined && target !== undefined)
    throw new InputError('bad_usage', ['a file and --target name two runbooks: give one of them']);
  if (file !== undefined) return resolve(config.workingDirectory, file);
  if (target !== undefined) return config.runbookFor(parseTarget(target));
  return join(config.packageRoot, 'runbooks', 'operator-readiness.yaml');
}
