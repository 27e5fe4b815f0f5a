import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** Where the build leaves the workflows' bundle: beside the compiled code. */
export const BUNDLE = join(dirname(fileURLToPath(import.meta.url)), 'workflow-bundle.js');

/** Makes the bundle from the compiled workflows. Part of the build, never of a worker's start. */
export async function writeBundle(): Promise<void> {
  const compiled = join(dirname(fileURLToPath(import.meta.url)), '..', 'workflows');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(compiled, 'index.js'),
    payloadConverterPath: join(compiled, 'payload-converter.js'),
    logger: new DefaultLogger('WARN'),
  });
  await mkdir(dirname(BUNDLE), { recursive: true });
  await writeFile(BUNDLE, code);
}
