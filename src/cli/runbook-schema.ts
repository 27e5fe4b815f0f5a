import { runbookJsonSchema } from '../contracts/runbook-json-schema.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** The JSON Schema of a runbook. It is a document with and without `--json`; with it, on one line. */
export async function runbookSchema({ output }: Context): Promise<ExitCode> {
  const schema = runbookJsonSchema();
  output.document(schema);
  if (!output.json) output.say(JSON.stringify(schema, null, 2));
  return EXIT.done;
}
