import { ClientError } from '../client.js';
import type { Action } from '../domain/phase.js';
import { parseControl, statementText } from '../domain/statement.js';
import { parseReason, parseTarget, type Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain } from './output.js';
import { refuseSecret } from './secret-in-text.js';
import { printStatement, submissionFor, type SigningFlags } from './signing.js';
import { isOpen, isProtected, phaseOf } from './status-document.js';
import { orderOf, refuseUnchecked } from './submit.js';
import { withClient } from './temporal.js';

export interface OrderFlags extends SigningFlags {
  readonly reason: string;
}

/** abort, rollback, remediated, retry-rollback, acknowledge: one path. */
export async function order(
  context: Context,
  action: Action,
  givenTarget: string,
  flags: OrderFlags,
): Promise<ExitCode> {
  const { config, output, by } = context;
  const target = parseTarget(givenTarget);
  const reason = parseReason('--reason', flags.reason);
  await refuseSecret(config, '--reason', reason);
  return withClient(config, async (client) => {
    const status = await client.status(target);
    if (!isOpen(status))
      throw new ClientError(
        'not_open',
        `the promotion of ${target} has ended (${phaseOf(status)}): ${action} has nothing to act on`,
      );
    const statement = orderOf(config, status, { by, action, reason });
    if (flags.printStatement === true) {
      printStatement(statement);
      return EXIT.done;
    }
    if (flags.dryRun === true) {
      output.document({ dryRun: true, target, action, by, statement: statementText(statement) });
      output.say(`${action} of ${target} by ${by} would be sent; nothing was`);
      return EXIT.done;
    }
    const submission = await submissionFor(context, statement, flags, isProtected(status));
    parseControl(submission);
    const answer = await client.control(target, submission);
    output.document({ ...answer, target, commit: status.memo.commit, runId: status.runId, action, by });
    refuseUnchecked(answer);
    if (!answer.accepted)
      throw new ClientError('refused', `${action} of ${target} by ${by} is refused: ${plain(answer.reason)}`);
    output.say(`${plain(answer.reason)}; see \`promote status ${target}\``);
    return EXIT.done;
  });
}
