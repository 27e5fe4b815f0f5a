import { headSchema, type TargetHead } from '../../contracts/manifest.js';
import { EvidenceError } from './evidence-error.js';
import type { RunEvidence } from './run-evidence.js';

/** Beside the runs' folders; no run has this name. */
const FOLDER = 'heads';

const pathOf = (target: string, seq: number): string => `${target}/${String(seq).padStart(8, '0')}.json`;

/** What is sealed of a run. */
export type SealedRun = Pick<TargetHead, 'run' | 'manifest' | 'end'>;

/** Targets of which a run was sealed once, whatever is left of it. */
export async function targetsWithHeads({ store }: RunEvidence): Promise<readonly string[]> {
  const paths = await store.list(FOLDER);
  return [...new Set(paths.flatMap((path) => /^([^/]+)\//.exec(path)?.[1] ?? []))];
}

/** Every sealed run of a target, oldest first, as they were sealed. */
export async function headsOf(evidence: RunEvidence, target: string): Promise<readonly TargetHead[]> {
  const heads: TargetHead[] = [];
  for (const path of await evidence.store.list(FOLDER, `${target}/`)) {
    const head = await evidence.readJson(FOLDER, path, headSchema);
    if (head?.target !== target || path !== pathOf(target, heads.length + 1) || head.seq !== heads.length + 1)
      throw new EvidenceError(
        'conflict',
        `${evidence.store.locate(FOLDER)}/${path} does not follow the one before`,
      );
    heads.push(head);
  }
  return heads;
}

/** The target's latest sealed run, by one look. */
export async function headOf(evidence: RunEvidence, target: string): Promise<TargetHead | undefined> {
  const [path] = (await evidence.store.list(FOLDER, `${target}/`)).slice(-1);
  return path === undefined ? undefined : evidence.readJson(FOLDER, path, headSchema);
}

/**
 * Makes a run the target's latest sealed one: compare and swap, since the next number is written once. Repeated, it finds
 * itself, also where other runs were sealed since, and writes the same again: a worker may have been lost before its head was
 * on the disk.
 *
 * @param previous the run that it followed; null where it was the first
 */
export async function advanceHead(
  evidence: RunEvidence,
  target: string,
  sealed: SealedRun,
  previous: string | null,
): Promise<void> {
  for (;;) {
    const latest = await headOf(evidence, target);
    const isNext = (latest?.run ?? null) === previous;
    const own = isNext ? undefined : (await headsOf(evidence, target)).find(({ run }) => run === sealed.run);
    const next: TargetHead = own ?? { v: 1, target, seq: (latest?.seq ?? 0) + 1, ...sealed };
    try {
      await evidence.putJson(FOLDER, pathOf(target, next.seq), next);
      return;
    } catch (error) {
      // Another run was sealed at the same moment: after it, then.
      if (!(error instanceof EvidenceError) || error.code !== 'conflict') throw error;
    }
  }
}
