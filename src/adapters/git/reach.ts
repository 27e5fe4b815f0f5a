import { said, type GitCommand } from './command.js';
import { askTip } from './mirror.js';
import { checkRemote, type GitRemote } from './remote.js';

/** The commit that the branch is at, asked without a mirror: nothing is written. Throws as `GitRepository.tip`. */
export async function reachTip(
  git: GitCommand,
  remote: GitRemote,
  signal: AbortSignal | undefined,
): Promise<string> {
  const checked = checkRemote(remote);
  return askTip({
    remote: checked,
    network: (args) => git({ gitDir: undefined, args, remote: checked, signal, answers: 'any' }),
    said: (stderr) => said(checked, stderr),
  });
}
