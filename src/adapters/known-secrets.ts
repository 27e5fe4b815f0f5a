import { createDetector, createRedactor, isRedactable, redactable } from './redaction.js';

/** Keeps every secret that this worker has seen out of what it says to anybody. */
export interface KnownSecrets {
  /** From now on these are redacted too. */
  readonly remember: (secrets: Readonly<Record<string, string>>) => void;
  readonly redact: (text: string) => string;
  /** Whether one of them stands in a text, in any spelling. */
  readonly holds: (text: string) => boolean;
}

const NAMED_LIKE_SECRETS = /TOKEN|SECRET|PASSWORD|API_?KEY/i;
/** `AWS_WEB_IDENTITY_TOKEN_FILE` says where a secret is: such a path may stand anywhere. */
const NAMED_LIKE_PLACES = /_(?:FILE|PATH|DIR|TYPE|MODE|TTL)$/i;

/** Starts with what the environment names like a secret. What can't be redacted, such as a short word, is left out. */
export function createKnownSecrets(environment: Readonly<Record<string, string | undefined>>): KnownSecrets {
  const known = new Map<string, string>();
  let redactor = createRedactor({});
  let detector = createDetector({});
  const remember = (secrets: Readonly<Record<string, string | undefined>>): void => {
    const fresh = Object.entries(secrets).filter(([name, value]) => known.get(name) !== value);
    for (const [name, value] of fresh)
      if (value !== undefined && isRedactable(name, value, [])) known.set(name, value);
    if (fresh.length === 0) return;
    const all = redactable(Object.fromEntries(known));
    redactor = createRedactor(all);
    detector = createDetector(all);
  };
  remember(namedLikeSecrets(environment));
  return { remember, redact: (text) => redactor(text).text, holds: (text) => detector(text) };
}

/**
 * The variables of an environment that are named like secrets and can be redacted together.
 *
 * @param others names of secrets that may come beside them
 */
export function namedLikeSecrets(
  environment: Readonly<Record<string, string | undefined>>,
  others: readonly string[] = [],
): Record<string, string> {
  const named = Object.entries(environment).filter(
    ([name]) => NAMED_LIKE_SECRETS.test(name) && !NAMED_LIKE_PLACES.test(name),
  );
  return redactable(Object.fromEntries(named), others);
}
