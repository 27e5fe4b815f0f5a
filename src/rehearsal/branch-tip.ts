import { join } from 'node:path';

import { readTextFile } from './state-files.js';

/** Where a branch of a bare repository stands, read without git: it is asked before every answer. */
export function branchTip(repository: string, branch: string): string | undefined {
  const ref = `refs/heads/${branch}`;
  const loose = readTextFile(join(repository, ref));
  if (loose !== undefined) return loose.trim();
  const packed = (readTextFile(join(repository, 'packed-refs')) ?? '').split('\n');
  return packed.find((line) => line.endsWith(` ${ref}`))?.split(' ')[0];
}
