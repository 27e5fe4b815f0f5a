/** What the caller settles before an engine is looked for; nothing here is read from the environment. */
export interface EngineOptions {
  /** Folder of the project's own data; this layer keeps everything of its own in `<dataDir>/temporal`. */
  readonly dataDir: string;
  /** Where fetched binaries are kept. */
  readonly cacheDir: string;
  /** Address given by the user (`TEMPORAL_ADDRESS` or a `temporal.toml` profile); undefined when none was given. */
  readonly address: string | undefined;
  /** Path of a `temporal` binary named by a setting; undefined means PATH, cache, download. */
  readonly executable: string | undefined;
  /** Port of a server that is started; undefined means a free one. A server that already runs keeps its own. */
  readonly port: number | undefined;
  /** Lets workflows skip time. For tests and rehearsals only. */
  readonly timeSkipping: boolean;
  /** Keeps no state and belongs to this process alone: never recorded, never found by another, ended with it. */
  readonly inMemory: boolean;
  /** Registered when a server is started; a server that already runs keeps what it has. */
  readonly searchAttributes: Readonly<Record<string, 'Keyword' | 'Datetime'>>;
  readonly env: { readonly PATH: string | undefined };
  /** Progress for the user, a line at a time. */
  readonly say: (line: string) => void;
}

/** A Temporal server that answers. */
export interface Engine {
  /** `host:port` */
  readonly address: string;
  /** Namespace of an own server. For an address given by the user, the caller's own setting goes first. */
  readonly namespace: string;
  /** One sentence: which server was taken, and why. */
  readonly origin: string;
  /** True when this call started it. */
  readonly started: boolean;
  /** Process of an own server; undefined for an address given by the user. */
  readonly pid: number | undefined;
  /** Ends a server that this call started, within 15 s, and leaves no process behind; otherwise does nothing. */
  stop(): Promise<void>;
}

export const NAMESPACE = 'default';
