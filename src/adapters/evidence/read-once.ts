import type { EvidenceStore } from './store.js';

/** Files that are read side by side. */
const AT_ONCE = 8;

export interface ReadOnceStore extends EvidenceStore {
  /** Reads these files of a run, and keeps no others. */
  readAhead(run: string, isKept: (path: string) => boolean): Promise<void>;
}

/** The same store, but what was read ahead is not read again, since what was put stays as it is. For one task, not for longer. */
export function readingOnce(store: EvidenceStore): ReadOnceStore {
  const kept = new Map<string, Uint8Array>();

  async function get(run: string, path: string): Promise<Uint8Array | undefined> {
    return kept.get(`${run}/${path}`) ?? store.get(run, path);
  }

  async function keep(run: string, path: string): Promise<void> {
    const bytes = await store.get(run, path);
    if (bytes !== undefined) kept.set(`${run}/${path}`, bytes);
  }

  return {
    ...store,
    get,
    async put(run, path, bytes) {
      const result = await store.put(run, path, bytes);
      kept.set(`${run}/${path}`, bytes);
      return result;
    },
    async readAhead(run, isKept) {
      const paths = (await store.list(run)).filter(isKept);
      for (let from = 0; from < paths.length; from += AT_ONCE)
        await Promise.all(paths.slice(from, from + AT_ONCE).map((path) => keep(run, path)));
    },
  };
}
