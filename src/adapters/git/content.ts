import { bringCommit, contains } from './history.js';
import { bringTip, type Mirror } from './mirror.js';
import { treeOf } from './objects.js';

export interface BranchContent {
  readonly tip: string;
  /** The commit is the tip, or one of its ancestors. */
  readonly hasCommit: boolean;
  /** The branch has the tree of that former tip now; undefined where none was given. */
  readonly treeOfFormerTip: boolean | undefined;
}

/** What the branch holds now, asked anew. Throws commit_unknown where the remote does not have the former tip. */
export async function contentOf(
  mirror: Mirror,
  commit: string,
  formerTip: string | undefined,
): Promise<BranchContent> {
  const tip = await bringTip(mirror);
  const hasCommit = await contains(mirror, tip, commit);
  if (formerTip === undefined) return { tip, hasCommit, treeOfFormerTip: undefined };
  await bringCommit(mirror, formerTip);
  const treeOfFormerTip = (await treeOf(mirror, tip)) === (await treeOf(mirror, formerTip));
  return { tip, hasCommit, treeOfFormerTip };
}
