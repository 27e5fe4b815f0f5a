import type { RollbackStep } from './runbook-steps.js';

/** What a rollback step does and how it is verified, in words: identifiers and codes, no address and no argument. */
export function rollbackInWords({ command, http, gitRevert, verify }: RollbackStep): string {
  if (gitRevert?.git !== undefined)
    return 'reverts the commit on the branch, until the remote has the revert';
  if (gitRevert?.step !== undefined)
    return `reverts on the branch what ${gitRevert.step} promoted, until the remote has the revert`;
  const does = http === undefined ? 'runs its command' : `sends its ${http.method} request`;
  return command === undefined && http === undefined ? 'does nothing' : `${does}, ${until(verify)}`;
}

function until(verify: RollbackStep['verify']): string {
  if (verify?.gate !== undefined && verify.expect !== undefined)
    return `until ${verify.gate} says ${verify.expect.gate} (${verify.expect.reasonCodes.join(', ')})`;
  if (verify?.http !== undefined) {
    const { status = [], values = {} } = verify.answers ?? {};
    const awaited = [
      ...(status.length === 0 ? [] : [`status ${status.join(' or ')}`]),
      ...Object.entries(values).map(([pointer, value]) => `${pointer} ${JSON.stringify(value)}`),
    ];
    return `until its own question is answered with ${awaited.join(', ')}`;
  }
  if (verify?.branch !== undefined && verify.has !== undefined)
    return `until the branch of ${verify.branch} has ${CONTENT[verify.has]}`;
  return 'and is never verified';
}

const CONTENT = {
  'former-tree': 'the tree that it had before',
  commit: 'the commit',
  'no-commit': 'the commit no more',
} as const;
