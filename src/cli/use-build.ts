import { deploymentNameOf } from '../client.js';
import { buildId } from '../contracts/names.js';
import { InputError } from '../contracts/input-error.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { withClient } from './temporal.js';

/** Every promotion goes over to the workers of this build; those that wait for days too. */
export async function useBuild({ config, output }: Context, given: string): Promise<ExitCode> {
  const named = buildId.safeParse(given);
  if (!named.success)
    throw new InputError('bad_usage', [
      `the build ${JSON.stringify(given.slice(0, 80))}: ${named.error.issues[0]?.message ?? ''}`,
    ]);
  const deployment = deploymentNameOf(config);
  await withClient(config, (client) => client.useBuild(deployment, named.data, config.identity));
  output.document({ type: 'build-used', deployment, build: named.data });
  output.say(`promotions of ${deployment} are carried on by workers of the build ${named.data}`);
  return EXIT.done;
}
