import type { ApprovalRequest } from '../src/adapters/evidence/ballots.js';
import { appendEntriesWith, type EntriesAppend } from './append-journal.js';
import type { Dependencies } from './dependencies.js';

/** Writes what is owed to the journal, and then what people are asked to approve: the evidence up to there. */
export function recordAndRequestApprovalWith(dependencies: Dependencies) {
  const { evidence, ballots } = dependencies;
  const append = appendEntriesWith(dependencies);
  return async ({ entries, ...request }: ApprovalRequest & EntriesAppend) => {
    const heads = await append({ run: request.run, head: request.head, entries });
    const head = heads.at(-1) ?? request.head;
    return { heads, ...(await ballots.requestApproval(evidence, { ...request, head })) };
  };
}
