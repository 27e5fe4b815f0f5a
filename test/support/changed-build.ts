import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DefaultLogger } from '@temporalio/worker';

import { bundleOf } from '../../worker/bundle.js';
import { root } from './stage.js';

/** A later build of the workflows: before each effect and before the end it does something more, as a patch. */
export interface ChangedBuild {
  readonly bundle: string;
  readonly remove: () => Promise<void>;
}

const CLOSE = 'return close(run';
const LOOP = "while (run.move.effect.do !== 'end') {";
const MORE = "if (isPatched('pauses-before-effects')) await pause(1);";

export async function changedBuild(): Promise<ChangedBuild> {
  const cache = join(root, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'changed-build-'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  for (const part of ['workflows', 'src/domain'])
    await cp(join(root, 'dist', part), join(folder, part), { recursive: true });
  const file = join(folder, 'workflows', 'promotion.js');
  const code = await readFile(file, 'utf8');
  for (const place of [LOOP, CLOSE]) if (!code.includes(place)) throw new Error(`${file} has no ${place}`);
  const changed = code.replace(LOOP, `${LOOP}\n${MORE}`).replace(CLOSE, `${MORE}\n${CLOSE}`);
  await writeFile(
    file,
    `import { patched as isPatched, sleep as pause } from '@temporalio/workflow';\n${changed}`,
  );
  const bundle = join(folder, 'workflow-bundle.js');
  await writeFile(bundle, await bundleOf(join(folder, 'workflows'), new DefaultLogger('ERROR')));
  return { bundle, remove: () => rm(folder, { recursive: true, force: true }) };
}
