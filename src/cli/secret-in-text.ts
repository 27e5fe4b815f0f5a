import type { Config } from '../config.js';
import { InputError } from '../contracts/input-error.js';

/**
 * Words of a person go into statements, the evidence and Temporal's history, where nothing can be taken out again. Of
 * secrets the command line knows those of its environment alone; the worker knows its own, and refuses too.
 *
 * @throws InputError `bad_usage`, without the words
 */
export async function refuseSecret(
  { environment }: Pick<Config, 'environment'>,
  option: string,
  text: string,
): Promise<void> {
  if (text === '') return;
  const { holdsSecret } = await import('../wiring.js');
  if (holdsSecret(environment, text))
    throw new InputError('bad_usage', [
      `${option} holds a secret of this environment (secret_in_text): nothing was sent; say it without`,
    ]);
}
