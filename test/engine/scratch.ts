import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { EngineOptions } from '../../src/engine/engine.js';

/** A folder that goes away with the test. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-engine-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An executable shell script. */
export async function script(path: string, body: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

/** Options as a caller gives them, with what was said; the binary comes from the cache of the whole machine. */
export function engineOptions(
  dataDir: string,
  changes: Partial<EngineOptions> = {},
): EngineOptions & { readonly said: string[] } {
  const said: string[] = [];
  return {
    dataDir,
    cacheDir: join(homedir(), '.cache', 'promote'),
    address: undefined,
    executable: undefined,
    port: undefined,
    timeSkipping: false,
    inMemory: false,
    searchAttributes: {},
    env: { PATH: process.env['PATH'] },
    say: (line) => said.push(line),
    said,
    ...changes,
  };
}

/** vitest's matchers are typed any; this one is not. */
export function text(part: string | RegExp): unknown {
  return typeof part === 'string' ? expect.stringContaining(part) : expect.stringMatching(part);
}
