import { EvidenceError, type EvidenceErrorCode } from './evidence-error.js';
import type { EvidenceStore } from './store.js';

/** What a file is of. */
export type WriteKind = 'journal' | 'sample' | 'gate' | 'step' | 'approval' | 'seal' | 'run';

export interface EvidenceWrite {
  readonly kind: WriteKind;
  readonly seconds: number;
  /** Undefined where it was written, or was there. */
  readonly failure: EvidenceErrorCode | undefined;
}

/** A store that tells how long each write took, and what failed. */
export function observedStore(store: EvidenceStore, observe: (write: EvidenceWrite) => void): EvidenceStore {
  return {
    ...store,
    put: async (run, path, bytes) => {
      const from = performance.now();
      const told = (failure: EvidenceErrorCode | undefined): void =>
        observe({ kind: kindOf(run, path), seconds: (performance.now() - from) / 1_000, failure });
      try {
        const result = await store.put(run, path, bytes);
        told(undefined);
        return result;
      } catch (error) {
        if (error instanceof EvidenceError) told(error.code);
        throw error;
      }
    },
  };
}

/** By where a file stands in the run's folder (docs/reference/evidence.md, "Files"). */
const KINDS: readonly (readonly [RegExp, WriteKind])[] = [
  [/^journal\//, 'journal'],
  [/^watch\//, 'sample'],
  [/^(?:validation|preflight)-/, 'gate'],
  [/^(?:remediation-\d+|promotion|rollback)\//, 'step'],
  [/^approval-/, 'approval'],
  [/^(?:ended\/|manifest\.json|journal\.jsonl|report\.|attestations\.)/, 'seal'],
];

function kindOf(run: string, path: string): WriteKind {
  if (run === 'heads') return 'seal';
  return KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? 'run';
}
