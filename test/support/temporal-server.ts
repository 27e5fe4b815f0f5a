import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { findOrStartEngine } from '../../src/engine/engine.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of the real Temporal server of this run: state in memory, workflows may skip time. */
    temporalAddress: string;
  }
}

/** Starts one server for a whole run and ends it afterwards. Tests take it with `inject('temporalAddress')`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = await findOrStartEngine({
    // Not used by a server in memory, which has a folder of its own.
    dataDir: join(tmpdir(), 'promote-tests'),
    cacheDir: join(homedir(), '.cache', 'promote'),
    address: undefined,
    executable: undefined,
    port: undefined,
    timeSkipping: true,
    inMemory: true,
    searchAttributes: {
      PromotionTarget: 'Keyword',
      PromotionPhase: 'Keyword',
      PromotionCommit: 'Keyword',
      PromotionTrigger: 'Keyword',
      PromotionRequester: 'Keyword',
      PromotionDeadline: 'Datetime',
    },
    env: { PATH: process.env['PATH'] },
    say: (line) => process.stderr.write(`${line}\n`),
  });
  project.provide('temporalAddress', engine.address);
  return () => engine.stop();
}
