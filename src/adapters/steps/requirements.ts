import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Command } from '../../contracts/runbook-question.js';
import type { RollbackStep } from '../../contracts/runbook-steps.js';
import { locateCommand } from '../find-on-path.js';

/** Why a command could not run now, as one line, or undefined where it could. Runs nothing. */
export async function commandProblem(
  command: Command,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const { workingDirectory } = command;
  if (!(await isDirectory(workingDirectory)))
    return `${workingDirectory} is no directory: check the working directory`;
  const [program = ''] = command.argv;
  const { kind } = await locateCommand(program, environment['PATH'] ?? '', workingDirectory);
  if (kind === 'found') return undefined;
  return kind === 'not_executable'
    ? `the command ${program} may not be executed: check its permissions`
    : `the command ${program} is not there: install it or check PATH`;
}

/** Files without which a rollback command would act on nothing that lives. */
export async function missingFiles(step: RollbackStep): Promise<readonly string[]> {
  const base = step.command?.workingDirectory ?? '.';
  const { files: named = [], same = [] } = step.requires ?? {};
  const files = [...new Set([...named, ...same.map(({ file }) => file)])].map((file) => resolve(base, file));
  const missing: string[] = [];
  for (const file of files) if (!(await isFile(file))) missing.push(file);
  return missing;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}
