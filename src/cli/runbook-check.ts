import { InputError } from '../contracts/input-error.js';
import { createWiring } from '../wiring.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** Checks runbooks as they are written; no variable needs a value. Every file is checked, each problem is a line. */
export async function runbookCheck({ config, output }: Context, files: readonly string[]): Promise<ExitCode> {
  const wiring = createWiring(config);
  let exitCode: ExitCode = EXIT.done;
  for (const file of files) {
    try {
      await wiring.checkRunbook(file);
      output.document({ file, ok: true, problems: [] });
      output.say(`${file}: ok`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      exitCode = EXIT.badInput;
      output.document({ file, ok: false, problems: error.problems });
      for (const problem of error.problems) output.note(`promote: ${problem}`);
    }
  }
  return exitCode;
}
