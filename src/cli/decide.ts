import { ClientError, type PromotionStatus } from '../client.js';
import { InputError } from '../contracts/input-error.js';
import type { Answer, ApprovalView } from '../domain/messages.js';
import { overrideText } from '../domain/override.js';
import { parseReason, parseTarget, parseText, type Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain, type Output } from './output.js';
import { gateLines, spanOf } from './render.js';
import { gatesOf, isOpen, overridesIn, phaseOf } from './status-document.js';
import { sendDecision } from './submit.js';
import { withClient } from './temporal.js';

export interface DecideFlags {
  readonly comment?: string;
  readonly digest?: string;
}

/** `approve` and `reject`: says what is decided on, then sends the decision on exactly that. */
export async function decide(
  { config, output, by }: Context,
  verdict: 'approve' | 'reject',
  givenTarget: string,
  flags: DecideFlags,
): Promise<ExitCode> {
  const target = parseTarget(givenTarget);
  const comment =
    verdict === 'reject'
      ? parseReason('--comment', flags.comment ?? '')
      : parseText('--comment', flags.comment ?? '');
  const digest = flags.digest === undefined ? undefined : parseDigest(flags.digest);
  const [status, approval, answer] = await withClient(config, async (client) => {
    const status = await client.status(target);
    const approval = approvalOf(status);
    if (digest !== undefined && !approval.digest.startsWith(`sha256:${digest}`))
      throw new ClientError(
        'refused',
        `what awaits a decision is ${approval.digest}, not ${digest}: look at it again with \`promote status ${target}\``,
      );
    for (const line of subjectLines(output, status, approval, Date.now())) output.say(line);
    const already = approval.votes.some((vote) => vote.by === by && vote.verdict === verdict);
    const answer: Answer = already
      ? { accepted: true, reason: `${verdict} by ${by} is already recorded` }
      : await sendDecision(client, config, status, { by, verdict, comment });
    return [status, approval, answer] as const;
  });
  const { commit } = status.memo;
  output.document({ ...answer, target, commit, runId: status.runId, digest: approval.digest, verdict, by });
  if (!answer.accepted)
    throw new ClientError('refused', `${verdict} of ${target} by ${by} is refused: ${plain(answer.reason)}`);
  output.say(plain(answer.reason));
  return EXIT.done;
}

/** What a person has to see before deciding. */
export function subjectLines(
  output: Output,
  status: PromotionStatus,
  approval: ApprovalView,
  now: number,
): string[] {
  const votes = approval.votes.map(({ by, verdict }) => `${verdict} by ${by}`).join(', ');
  return [
    `${output.paint('bold', status.target)}  commit ${status.memo.commit}  digest ${output.paint('bold', approval.digest.slice(7, 15))}`,
    `requested by ${plain(approval.requester)}; ${approval.required} of ${plain(approval.approvers.join(', '))} needed; ${spanOf(approval.expiresAt - now)}`,
    ...(votes === '' ? [] : [`so far: ${plain(votes)}`]),
    ...overridesIn(status).map((override) =>
      output.paint('yellow', `overridden: ${plain(overrideText(override))}: no pass of it is earned`),
    ),
    ...gateLines(output, gatesOf(status)).map((line) => `  ${line}`),
  ];
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
