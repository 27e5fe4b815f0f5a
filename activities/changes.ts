import type { Changes } from '../src/domain/changes.js';
import { beating } from './beating.js';
import type { Dependencies } from './dependencies.js';

export interface ChangesRequest {
  readonly run: string;
  /** Of the approval request, from 1. */
  readonly epoch: number;
}

export interface DescribedChanges {
  readonly changes: Changes;
  readonly digest: string;
}

/**
 * What is different from the target's last promotion, for those who are asked to approve. Found out once an epoch: repeated,
 * it gives what they were shown.
 */
export function describeChangesWith({ evidence, changes, git, redact }: Dependencies) {
  return ({ run, epoch }: ChangesRequest): Promise<DescribedChanges> =>
    beating(async (signal) => {
      const known = await evidence.known(run);
      const { folder } = known;
      const shown =
        (await changes.readChanges(evidence, folder, epoch)) ??
        (await changes.keepChanges(
          evidence,
          folder,
          epoch,
          await changes.changesSince({ ...git, redact }, known, signal),
        ));
      return { changes: shown, digest: changes.changesDigest(shown) };
    });
}
