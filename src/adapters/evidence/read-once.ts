import type { EvidenceStore } from './store.js';

/** Files that are read side by side. */
const AT_ONCE = 8;

export interface ReadOnceStore extends EvidenceStore {
  /** Reads every file of a run. */
  readAhead(run: string): Promise<void>;
}

/** The same store, but each file is read once, since what was put stays as it is. Keeps what it read: for one task, not for longer. */
export function readingOnce(store: EvidenceStore): ReadOnceStore {
  const kept = new Map<string, Uint8Array>();

  async function get(run: string, path: string): Promise<Uint8Array | undefined> {
    const bytes = kept.get(`${run}/${path}`) ?? (await store.get(run, path));
    if (bytes !== undefined) kept.set(`${run}/${path}`, bytes);
    return bytes;
  }

  return {
    ...store,
    get,
    async put(run, path, bytes) {
      const result = await store.put(run, path, bytes);
      kept.set(`${run}/${path}`, bytes);
      return result;
    },
    async readAhead(run) {
      const paths = await store.list(run);
      for (let from = 0; from < paths.length; from += AT_ONCE)
        await Promise.all(paths.slice(from, from + AT_ONCE).map((path) => get(run, path)));
    },
  };
}
