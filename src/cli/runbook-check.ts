import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { InputError } from '../contracts/input-error.js';
import { createWiring } from '../wiring.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { writeError } from './output.js';

/**
 * Checks runbooks as they are written; no variable needs a value. Of a folder, every `.yaml` and `.yml` file in it. Every
 * file is checked, and each problem is one line, as compilers tell it.
 */
export async function runbookCheck({ config, output }: Context, given: readonly string[]): Promise<ExitCode> {
  const wiring = createWiring(config);
  let exitCode: ExitCode = EXIT.done;
  for (const file of await filesOf(given)) {
    try {
      await wiring.checkRunbook(file);
      output.document({ file, ok: true, problems: [] });
      output.say(`${file}: ok`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      exitCode = EXIT.badInput;
      output.document({ file, ok: false, problems: error.problems });
      for (const problem of error.problems) writeError(problem);
    }
  }
  return exitCode;
}

async function filesOf(given: readonly string[]): Promise<readonly string[]> {
  const files = await Promise.all(
    given.map(async (path) => ((await isFolder(path)) ? inFolder(path) : [path])),
  );
  return files.flat();
}

/** What is no folder is read as a file, and told as one. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** @throws InputError bad_usage for a folder that can't be read or holds no runbook: nothing checked is nothing proven */
async function inFolder(folder: string): Promise<readonly string[]> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw new InputError('bad_usage', [`${folder}: the folder can't be read: check who may read it`], {
      cause,
    });
  }
  const files = names.filter((name) => /\.ya?ml$/i.test(name)).sort();
  if (files.length === 0)
    throw new InputError('bad_usage', [
      `${folder}: no .yaml or .yml file is in it: name a folder of runbooks`,
    ]);
  return files.map((name) => join(folder, name));
}
