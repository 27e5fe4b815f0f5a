import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundleWorkflowCode, DefaultLogger, type Logger } from '@temporalio/worker';

/** Where the build leaves the workflows' bundle: beside the compiled code. */
export const BUNDLE = join(dirname(fileURLToPath(import.meta.url)), 'workflow-bundle.js');

/** Makes the bundle. Part of the build, never of a worker's start. */
export async function writeBundle(): Promise<void> {
  const compiled = join(dirname(fileURLToPath(import.meta.url)), '..', 'workflows');
  await mkdir(dirname(BUNDLE), { recursive: true });
  await writeFile(BUNDLE, await bundleOf(compiled, new DefaultLogger('WARN')));
}

/**
 * The bundle of compiled workflows. All promotions of a worker share the modules: none of them holds anything that changes
 * (docs/decisions/0037-shared-modules.md).
 */
export async function bundleOf(compiled: string, logger: Logger): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(compiled, 'index.js'),
    payloadConverterPath: join(compiled, 'payload-converter.js'),
    preloadModules: ['stack-traces.js', 'index.js'].map((name) => join(compiled, name)),
    logger,
  });
  return code;
}
