/** Bearer tokens that endpoints gave for a password. In memory only: none is in a file, a log or Temporal's history. */
export interface Sessions {
  /** What is told of them is redacted from all that the process says, of other targets too. */
  readonly toldToAll: boolean;
  readonly tokenOf: (key: string) => string | undefined;
  readonly keep: (key: string, token: string) => void;
  /** Forgets a token that was refused, unless another question has a newer one by now. */
  readonly drop: (key: string, token: string) => void;
  /** Every token of late, refused ones too, under a name each: what must be redacted wherever it turns up. */
  readonly known: () => Readonly<Record<string, string>>;
}

/** So many tokens are redacted; an endpoint that refuses every token must not fill the memory. */
const REMEMBERED = 64;
export const SESSION_NAMES: readonly string[] = Array.from(
  { length: REMEMBERED },
  (_, at) => `session-${at}`,
);

/** @param onToken told of each new token, so that error messages are kept free of it too */
export function createSessions(onToken?: (secrets: Readonly<Record<string, string>>) => void): Sessions {
  const open = new Map<string, string>();
  const known = new Map<string, string>();
  let count = 0;
  return {
    toldToAll: onToken !== undefined,
    tokenOf: (key) => open.get(key),
    keep: (key, token) => {
      const name = `session-${count % REMEMBERED}`;
      count += 1;
      // What is not redacted any more is not sent any more.
      for (const [other, sent] of open) if (sent === known.get(name)) open.delete(other);
      open.set(key, token);
      known.set(name, token);
      onToken?.({ [name]: token });
    },
    drop: (key, token) => {
      if (open.get(key) === token) open.delete(key);
    },
    known: () => Object.fromEntries(known),
  };
}
