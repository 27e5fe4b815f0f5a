import { InputError } from '../contracts/input-error.js';
import { parseStart, statementText } from '../domain/statement.js';
import { parseCommit, parseReason, parseTarget, parseText, type Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { parseExpectations, type ExpectFlags } from './expectations.js';
import { followRun } from './follow.js';
import { plain } from './output.js';
import { refuseSecret } from './secret-in-text.js';
import { printStatement, submissionFor, type SigningFlags } from './signing.js';
import { startOf } from './submit.js';
import { atSiteOf, withClient } from './temporal.js';

export interface StartFlags extends ExpectFlags, SigningFlags {
  readonly target: string;
  readonly commit: string;
  readonly reason?: string;
  readonly again?: boolean;
  readonly follow?: boolean;
}

const PATIENCE_MS = 300_000;

/** Names first, then the worker's own checks, and only then is anything started. */
export async function start(context: Context, flags: StartFlags): Promise<ExitCode> {
  const { config, output, by: requester } = context;
  const target = parseTarget(flags.target);
  const commit = parseCommit(flags.commit);
  const again = flags.again === true;
  const reason = again
    ? parseReason('--reason', flags.reason ?? '')
    : parseText('--reason', flags.reason ?? '');
  await refuseSecret(config, '--reason', reason);
  const overrides = parseExpectations(flags);
  config.runbookFor(target);
  const started = await withClient(atSiteOf(config, target), async (client) => {
    await client.refuseIfOpen(target);
    const asked = { target, commit, requester, reason, again, overrides };
    const { problems, rolledBack, bringBack, binds } = await client.admit(asked);
    const [first, ...rest] = problems;
    if (first !== undefined || binds === null)
      throw new InputError('bad_usage', [first ?? 'the worker would not take it', ...rest]);
    const statement = startOf(config, asked, binds);
    if (flags.printStatement === true) {
      printStatement(statement);
      return undefined;
    }
    output.say(
      `asks for ${commit} into ${target} by the runbook ${binds.runbook}, after ${binds.previous ?? 'no sealed run'}`,
    );
    if (flags.dryRun === true) {
      output.document({ dryRun: true, target, commit, requester, statement: statementText(statement) });
      output.say(`the promotion of ${commit} into ${target} would be started; nothing was`);
      return undefined;
    }
    const submission = await submissionFor(context, statement, flags, binds.protected);
    parseStart(submission);
    return { ...(await client.start({ ...asked, start: submission })), rolledBack, bringBack };
  });
  if (started === undefined) return EXIT.done;
  const { rolledBack, bringBack } = started;
  output.document({ target, commit, requester, again, ...started });
  if (rolledBack !== null) {
    output.say(
      `${target} was left rolled back by the run ${rolledBack.run} of ${rolledBack.commit} (${rolledBack.end}): this run starts from the beginning, with approvals of its own`,
    );
    if (bringBack.length > 0)
      output.say('no repair starts what that rollback stopped; where nobody did yet:');
    for (const command of bringBack) output.say(`  ${plain(command, 2_000)}`);
  }
  output.say(`started the promotion of ${commit} into ${target}, requested by ${requester}`);
  if (flags.follow === true)
    return followRun(context, { target, runId: started.runId, patienceMs: PATIENCE_MS, untilSettled: false });
  output.say(`follow it with \`promote follow ${target}\`; see it with \`promote status ${target}\``);
  return EXIT.done;
}
