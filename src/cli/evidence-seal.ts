import { ClientError } from '../client.js';
import { InputError } from '../contracts/input-error.js';
import { parseControl } from '../domain/statement.js';
import { createEvidenceWiring } from '../evidence-wiring.js';
import { createWiring } from '../wiring.js';
import { parseReason, parseTarget, type Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain } from './output.js';
import { printStatement, submissionFor, type SigningFlags } from './signing.js';
import { refuseSecret } from './secret-in-text.js';
import { isOpen } from './status-document.js';
import { withClient } from './temporal.js';

export interface EvidenceSealFlags extends SigningFlags {
  readonly reason: string;
}

/**
 * `evidence seal`: closes the evidence of a target's last run whose workflow is gone, on somebody's word, so that another run
 * can follow it. Runs where the evidence is.
 */
export async function evidenceSeal(
  context: Context,
  givenTarget: string,
  flags: EvidenceSealFlags,
): Promise<ExitCode> {
  const { config, output, by } = context;
  const target = parseTarget(givenTarget);
  const reason = parseReason('--reason', flags.reason);
  await refuseSecret(config, '--reason', reason);
  const evidence = createEvidenceWiring(config);
  const unsealed = await evidence.unsealed(target);
  if (unsealed === undefined) {
    output.document({ target, sealed: true, run: null });
    output.say(`${target}: nothing to seal: its last run is sealed, or it has none`);
    return EXIT.done;
  }
  const { known, head, run } = unsealed;
  const begun = await evidence.begunSeal(known);
  if (begun !== undefined && flags.dryRun === true) {
    output.document({ dryRun: true, target, run: run.run, end: begun });
    output.say(`${run.run} would be sealed as ${begun}, which was begun; nothing was`);
    return EXIT.done;
  }
  const finished = begun === undefined ? undefined : await evidence.finishSeal(run.run);
  if (finished !== undefined) {
    output.document({ target, run: run.run, sealed: true, ...finished });
    output.say(
      `${run.run} was sealed as ${finished.end}, and others can follow it now: ${finished.manifest}`,
    );
    return EXIT.done;
  }
  await refuseOpen(context, target, run.run);
  if (run.end === undefined && run.touched)
    throw new ClientError('refused', refusalOf(target, 'half_promoted'));
  await evidence.refuseUnsealable(known);
  if (head.seq === 0)
    throw new InputError('bad_usage', [
      `${target}: the run ${run.run} has recorded nothing: \`promote reconcile --target ${target}\` seals it`,
    ]);
  const { loadRunbook, git, holdsSecret } = createWiring(config).dependencies;
  const current = await loadRunbook(target);
  const statement = {
    v: 1,
    type: 'promotion-control.v1',
    deployment: known.record.deployment,
    target,
    at: new Date().toISOString(),
    by,
    run: run.run,
    action: 'acknowledge',
    head: { seq: head.seq, digest: head.digest },
    reason,
  } as const;
  if (flags.printStatement === true) {
    printStatement(statement);
    return EXIT.done;
  }
  const isProtected = current.plan.approval.roles?.protected === true;
  const submission = await submissionFor(context, statement, flags, isProtected);
  parseControl(submission);
  git.secretsOf(current);
  if (holdsSecret(submission.statement))
    throw new InputError('bad_usage', [
      `--reason holds a secret of the runbook of ${target} (secret_in_text): nothing was sealed; say it without`,
    ]);
  if (flags.dryRun === true) {
    output.document({ dryRun: true, target, run: run.run, ...submission });
    output.say(`${run.run} would be sealed as ${run.end ?? 'abandoned'}; nothing was`);
    return EXIT.done;
  }
  const done = await evidence.acknowledge(run.run, current, submission);
  output.document({ target, run: run.run, by, ...done });
  if (!done.sealed) throw new ClientError('refused', refusalOf(target, done.refusal));
  output.say(`${run.run} is sealed as ${done.end} by ${by}: ${done.manifest}`);
  return EXIT.done;
}

function refusalOf(target: string, refusal: string): string {
  return refusal === 'half_promoted'
    ? `${target} may be half promoted: \`promote reconcile --target ${target}\` rolls it back`
    : `sealing ${target} is refused: ${plain(refusal)}; \`promote explain\` says what it means`;
}

/** A run that is open seals itself. */
async function refuseOpen({ config }: Context, target: string, run: string): Promise<void> {
  const open = await withClient(config, async (client) => {
    try {
      const status = await client.status(target);
      return isOpen(status) && (status.view?.run ?? status.memo.run) === run;
    } catch (error) {
      if (error instanceof ClientError && error.code === 'not_found') return false;
      throw error;
    }
  });
  if (open)
    throw new ClientError(
      'refused',
      `the run ${run} is open: it seals itself; see \`promote status ${target}\``,
    );
}
