import { createRedactor, RedactionError, type Redactor } from './redaction.js';

/** Keeps every secret that this worker has seen out of its error messages. */
export interface KnownSecrets {
  /** From now on these are redacted too. */
  readonly remember: (secrets: Readonly<Record<string, string>>) => void;
  readonly redact: (text: string) => string;
}

const NAMED_LIKE_SECRETS = /TOKEN|SECRET|PASSWORD|API_?KEY/i;

/** Starts with what the environment names like a secret. What can't be redacted, such as a short word, is left out. */
export function createKnownSecrets(environment: Readonly<Record<string, string | undefined>>): KnownSecrets {
  const known = new Map<string, string>();
  let redactor: Redactor = createRedactor({});
  const remember = (secrets: Readonly<Record<string, string | undefined>>): void => {
    const fresh = Object.entries(secrets).filter(([name, value]) => known.get(name) !== value);
    for (const [name, value] of fresh)
      if (value !== undefined && redactable(name, value)) known.set(name, value);
    if (fresh.length > 0) redactor = createRedactor(Object.fromEntries(known));
  };
  remember(Object.fromEntries(Object.entries(environment).filter(([name]) => NAMED_LIKE_SECRETS.test(name))));
  return { remember, redact: (text) => redactor(text).text };
}

function redactable(name: string, value: string): boolean {
  try {
    createRedactor({ [name]: value });
    return true;
  } catch (error) {
    if (error instanceof RedactionError) return false;
    throw error;
  }
}
