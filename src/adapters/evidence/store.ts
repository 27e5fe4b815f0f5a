/** What a put did. `same`: these very bytes were there already. */
export interface PutResult {
  readonly path: string;
  readonly sha256: `sha256:${string}`;
  /** Bytes. */
  readonly size: number;
  readonly outcome: 'written' | 'same';
}

/**
 * Where evidence is kept: a folder a run, files written once. Any store fits that can create an object only if it does
 * not exist (a file system by link(), S3 by If-None-Match).
 *
 * Names: a run is one segment, a path up to 8 segments of `[A-Za-z0-9._-]` that do not start with a dot, joined by
 * `/`. Every method throws EvidenceError; `bad_name` for any other name.
 */
export interface EvidenceStore {
  /**
   * Write once, all or nothing, and durable when it returns. The same bytes again is success (`same`); other bytes
   * under the name throw EvidenceError `conflict` with both digests.
   */
  put(run: string, path: string, bytes: Uint8Array): Promise<PutResult>;
  /** The bytes, or undefined where nothing was put. */
  get(run: string, path: string): Promise<Uint8Array | undefined>;
  /** Whether something was put there: `get`, without the bytes. */
  has(run: string, path: string): Promise<boolean>;
  /** Paths of the run's files that start with `prefix`, sorted by code unit. Empty for an unknown run. */
  list(run: string, prefix?: string): Promise<readonly string[]>;
  /** Names of runs' folders, of all or of those that are wanted, sorted by code unit. */
  runs(isWanted?: (name: string) => boolean): Promise<readonly string[]>;
  /** Where a person finds the run. */
  locate(run: string): string;
}
