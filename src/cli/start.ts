import { InputError } from '../contracts/input-error.js';
import { parseCommit, parseTarget, parseText, type Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { followRun } from './follow.js';
import { withClient } from './temporal.js';

export interface StartFlags {
  readonly target: string;
  readonly commit: string;
  readonly reason?: string;
  readonly follow?: boolean;
}

const PATIENCE_MS = 300_000;

/** Names first, then the worker's own checks, and only then is anything started. */
export async function start(context: Context, flags: StartFlags): Promise<ExitCode> {
  const { config, output, by: requester } = context;
  const target = parseTarget(flags.target);
  const commit = parseCommit(flags.commit);
  const reason = parseText('--reason', flags.reason ?? '');
  config.runbookFor(target);
  const started = await withClient(config, async (client) => {
    await client.refuseIfOpen(target);
    const [first, ...rest] = await client.admit({ target, commit, requester });
    if (first !== undefined) throw new InputError('bad_usage', [first, ...rest]);
    return client.start({ target, commit, requester, reason });
  });
  output.document({ target, commit, requester, ...started });
  output.say(`started the promotion of ${commit} into ${target}, requested by ${requester}`);
  if (flags.follow === true)
    return followRun(context, { target, runId: started.runId, patienceMs: PATIENCE_MS, untilSettled: false });
  output.say(`follow it with \`promote follow ${target}\`; see it with \`promote status ${target}\``);
  return EXIT.done;
}
