import { ClientError } from '../client.js';
import type { Action } from '../domain/phase.js';
import { parseReason, parseTarget, type Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain } from './output.js';
import { isOpen, phaseOf } from './status-document.js';
import { sendOrder } from './submit.js';
import { withClient } from './temporal.js';

/** abort, rollback, remediated, retry-rollback, acknowledge: one path. */
export async function order(
  { config, output, by }: Context,
  action: Action,
  givenTarget: string,
  flags: { readonly reason: string },
): Promise<ExitCode> {
  const target = parseTarget(givenTarget);
  const reason = parseReason('--reason', flags.reason);
  const [status, answer] = await withClient(config, async (client) => {
    const status = await client.status(target);
    if (!isOpen(status))
      throw new ClientError(
        'not_open',
        `the promotion of ${target} has ended (${phaseOf(status)}): ${action} has nothing to act on`,
      );
    return [status, await sendOrder(client, config, status, { by, action, reason })] as const;
  });
  output.document({ ...answer, target, commit: status.memo.commit, runId: status.runId, action, by });
  if (!answer.accepted)
    throw new ClientError('refused', `${action} of ${target} by ${by} is refused: ${plain(answer.reason)}`);
  output.say(`${plain(answer.reason)}; see \`promote status ${target}\``);
  return EXIT.done;
}
