import { ClientError, type PromotionStatus } from '../client.js';
import { InputError } from '../contracts/input-error.js';
import type { ApprovalView } from '../domain/messages.js';
import { parseDecision } from '../domain/statement.js';
import { hasTerminal, typedYes } from './confirm.js';
import { parseReason, parseTarget, parseText, type Context } from './context.js';
import { decisionLines } from './decision-lines.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain, type Output } from './output.js';
import { refuseSecret } from './secret-in-text.js';
import { printStatement, submissionFor, type SigningFlags } from './signing.js';
import { isOpen, phaseOf } from './status-document.js';
import { subjectOf } from './subject.js';
import { decisionOf, refuseUnchecked } from './submit.js';
import { withClient } from './temporal.js';

export interface DecideFlags extends SigningFlags {
  readonly comment?: string;
  readonly digest?: string;
}

type Verdict = 'approve' | 'reject';

/** `approve` and `reject`: shows what is decided on, and sends a decision on exactly that. */
export async function decide(
  context: Context,
  verdict: Verdict,
  givenTarget: string,
  flags: DecideFlags,
): Promise<ExitCode> {
  const { config, output, by } = context;
  const target = parseTarget(givenTarget);
  const comment =
    verdict === 'reject'
      ? parseReason('--comment', flags.comment ?? '')
      : parseText('--comment', flags.comment ?? '');
  await refuseSecret(config, '--comment', comment);
  const digest = flags.digest === undefined ? undefined : parseDigest(flags.digest);
  return withClient(config, async (client) => {
    const status = await client.status(target);
    const approval = approvalOf(status);
    const subject = subjectOf(approval, target);
    if (digest !== undefined && !approval.digest.startsWith(`sha256:${digest}`))
      throw new ClientError(
        'refused',
        `what awaits a decision is ${approval.digest}, not ${digest}: look at it again with \`promote status ${target}\``,
      );
    // Where only the statement is printed, stdout is what is signed.
    const say = flags.printStatement === true ? output.note : output.say;
    for (const line of decisionLines(output, status, approval, subject, Date.now())) say(line);
    const statement = decisionOf(config, status, subject, { by, verdict, comment });
    const shown = {
      target,
      commit: subject.commit,
      runId: status.runId,
      digest: approval.digest,
      verdict,
      by,
    };
    if (flags.printStatement === true) {
      if (digest === undefined && !isTerminal(output)) throw unseen(approval.digest);
      printStatement(statement);
      return EXIT.done;
    }
    if (flags.dryRun === true) {
      output.document({ dryRun: true, ...shown, subject });
      output.say(`${verdict} of ${approval.digest.slice(7, 15)} by ${by} would be sent; nothing was`);
      return EXIT.done;
    }
    const already = approval.votes.find((vote) => vote.by === by && vote.verdict === verdict);
    if (already !== undefined) {
      const reason = `${verdict} by ${by} is already recorded`;
      output.document({ accepted: true, reason, ...shown });
      output.say(reason);
      return EXIT.done;
    }
    if (digest === undefined && flags.signatureFile === undefined)
      await confirm(output, verdict, approval.digest);
    const submission = await submissionFor(context, statement, flags, approval.protected);
    parseDecision(submission);
    const answer = await client.decide(target, submission);
    output.document({ ...answer, ...shown });
    refuseUnchecked(answer);
    if (!answer.accepted)
      throw new ClientError(
        'refused',
        `${verdict} of ${target} by ${by} is refused: ${plain(answer.reason)}; \`promote explain ${/^[a-z_]+$/.test(answer.reason) ? answer.reason : 'CODE'}\` says what it means`,
      );
    output.say(plain(answer.reason));
    return EXIT.done;
  });
}

/** A script can't decide on what it has not seen: without a terminal the digest has to be named. */
async function confirm(output: Output, verdict: Verdict, digest: string): Promise<void> {
  if (!isTerminal(output)) throw unseen(digest);
  if (!(await typedYes(`${verdict} ${digest.slice(7, 15)}?`)))
    throw new InputError('bad_usage', ['nothing was decided: only yes, typed in full, decides']);
}

/** Where it is shown, somebody has to look. */
function isTerminal({ json }: Output): boolean {
  return hasTerminal() && (json || process.stdout.isTTY);
}

function unseen(digest: string): InputError {
  return new InputError('bad_usage', [
    `without a terminal, name what you decide on: --digest ${digest.slice(7, 15)}, if what is shown is what you mean`,
  ]);
}

function approvalOf(status: PromotionStatus): ApprovalView {
  const { target } = status;
  if (!isOpen(status))
    throw new ClientError(
      'not_open',
      `the promotion of ${target} has ended (${phaseOf(status)}): nothing to decide`,
    );
  if (status.view === undefined)
    throw new ClientError(
      'no_worker',
      `no worker answers for ${target}, so what would be decided on can't be shown: start one with \`promote worker\`, then repeat this command`,
    );
  const { phase, approval } = status.view;
  if (phase !== 'awaiting-approval' || approval === undefined)
    throw new ClientError(
      'refused',
      `${target} is ${phase}: nothing to decide on now (not_awaiting_approval)`,
    );
  return approval;
}

function parseDigest(given: string): string {
  const hex = /^(?:sha256:)?([0-9a-f]{8,64})$/.exec(given)?.[1];
  if (hex !== undefined) return hex;
  throw new InputError('bad_usage', [
    `--digest ${JSON.stringify(given.slice(0, 80))} can't be: the digest that \`promote status\` shows, or its first 8 hex digits or more`,
  ]);
}
