import { createWiring } from '../wiring.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** `evidence key`: the public half of the key that this worker signs evidence with, made where there is none. */
export async function evidenceKey({ config, output }: Context): Promise<ExitCode> {
  const { deployment } = config;
  const { file, created, keyid, publicKey, pem } = await createWiring(config).evidenceKey();
  output.document({ deployment, keyid, publicKey, file, created });
  output.note(`${created ? 'made' : 'found'} ${file}`);
  output.say(`deployment  ${deployment}`);
  output.say(`keyid       ${keyid}`);
  output.say(pem.trimEnd());
  return EXIT.done;
}
