import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { z } from 'zod';

/** Digest by path below the root, of every file under a final name. */
export type KeptFiles = ReadonlyMap<string, string>;

export const isUnfinished = (path: string): boolean => /(?:^|\/)\.tmp-[^/]*$/.test(path);

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Read from the disk as a stranger would, by nothing of ours; nothing, where the root was never made. */
export function filesIn(root: string): { readonly kept: KeptFiles; readonly unfinished: number } {
  if (!existsSync(root)) return { kept: new Map(), unfinished: 0 };
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
  const finished = paths.filter((path) => !isUnfinished(path));
  return {
    kept: new Map(finished.map((path) => [path, digestOf(readFileSync(join(root, path)))])),
    unfinished: paths.length - finished.length,
  };
}

const manifestSchema = z.object({ files: z.array(z.object({ path: z.string(), sha256: z.string() })) });
const headSchema = z.object({ manifest: z.string() });

/** What is wrong with a folder of sealed runs: each manifest names exactly its files, and each head a manifest. */
export function problemsOf(root: string, kept: KeptFiles): readonly string[] {
  const problems: string[] = [];
  const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));
  const manifests = [...kept.keys()].filter((path) => path.endsWith('/manifest.json'));
  for (const manifest of manifests) {
    const folder = manifest.slice(0, -'manifest.json'.length);
    const named = new Map(
      manifestSchema.parse(read(manifest)).files.map(({ path, sha256 }) => [`${folder}${path}`, sha256]),
    );
    // What signs a manifest can't stand in it.
    const beside = new Set([manifest, `${folder}attestations.intoto.jsonl`]);
    for (const [path, sha256] of kept)
      if (path.startsWith(folder) && !beside.has(path) && named.get(path) !== sha256)
        problems.push(`${path} is not what its manifest says`);
    for (const path of named.keys()) if (!kept.has(path)) problems.push(`${path} is missing`);
  }
  const heads = [...kept.keys()].filter((path) => path.startsWith('heads/')).map(read);
  const sealed = new Set(manifests.map((path) => kept.get(path)));
  const headed = heads.map((head) => headSchema.parse(head).manifest);
  if (headed.length !== manifests.length || !headed.every((manifest) => sealed.has(manifest)))
    problems.push('the heads are not of these manifests');
  return problems;
}
