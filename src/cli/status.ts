import { evidenceAt, parseTarget, type Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { statusLines } from './render.js';
import { statusDocument } from './status-document.js';
import { withClient } from './temporal.js';

export async function status({ config, output }: Context, givenTarget: string): Promise<ExitCode> {
  const target = parseTarget(givenTarget);
  const found = await withClient(config, (client) => client.status(target));
  const shown = statusDocument(found, (folder) => evidenceAt(config, folder));
  output.document(shown);
  if (!output.json) for (const line of statusLines(output, found, shown, Date.now())) output.say(line);
  return EXIT.done;
}
