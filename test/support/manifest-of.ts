import type { Manifest } from '../../src/contracts/manifest.js';
import type { RunRecord } from '../../src/contracts/run-record.js';

/** A manifest that ends a run so; of files it lists none. */
export function manifestOf({ deployment, run, target, previous }: RunRecord, end: string): Manifest {
  return {
    v: 1,
    deployment,
    run,
    target,
    end,
    previous: previous === null ? null : { run: previous.run, manifest: previous.manifest },
    journal: { seq: 0, head: '' },
    files: [],
  };
}
