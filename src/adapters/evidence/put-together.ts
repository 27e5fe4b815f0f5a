import type { EvidenceStore, PutResult } from './store.js';

/**
 * Puts files of which none has to be there before another: their flushes meet in the file system's log. Each was tried when this
 * throws what the first of them threw.
 *
 * @param files bytes by path; without bytes there is no such file
 */
export async function putTogether(
  store: EvidenceStore,
  run: string,
  files: Readonly<Record<string, Uint8Array | undefined>>,
): Promise<readonly PutResult[]> {
  const puts = await Promise.allSettled(
    Object.entries(files).flatMap(([path, bytes]) =>
      bytes === undefined ? [] : [store.put(run, path, bytes)],
    ),
  );
  return puts.map((put) => {
    if (put.status === 'rejected') throw put.reason;
    return put.value;
  });
}
