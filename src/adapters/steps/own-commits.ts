import { gitIntentSchema, revertIntentSchema } from '../../contracts/step-record.js';
import type { RunEvidence } from '../evidence/run-evidence.js';

/**
 * Every revert and merge that this pipeline recorded before pushing it to this branch, from the evidence of the target's
 * runs, and nothing else: what a new promotion may leave behind.
 */
export async function ownCommits(
  evidence: RunEvidence,
  target: string,
  remote: { readonly url: string; readonly branch: string },
): Promise<readonly string[]> {
  const commits: string[] = [];
  for (const folder of await evidence.foldersOf(target)) {
    for (const path of await evidence.store.list(folder, 'rollback/')) {
      if (!path.includes('.revert-')) continue;
      const intent = await evidence.readJson(folder, path, revertIntentSchema);
      if (intent?.remote === remote.url && intent.branch === remote.branch) commits.push(intent.revert);
    }
    for (const path of await evidence.store.list(folder, 'promotion/')) {
      if (!path.endsWith('.intent.json')) continue;
      const intent = await evidence.readJson(folder, path, gitIntentSchema);
      const merged = intent !== undefined && intent.newTip !== intent.commit;
      if (merged && intent.remote === remote.url && intent.branch === remote.branch)
        commits.push(intent.newTip);
    }
  }
  return commits;
}
