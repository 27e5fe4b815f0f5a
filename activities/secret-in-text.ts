import type { Json } from '../src/domain/canonical-json.js';
import type { LoadedRunbook } from '../src/adapters/runbook/load.js';
import type { Dependencies } from './dependencies.js';

type Knowing = Pick<Dependencies, 'git' | 'holdsSecret' | 'redact'>;

/**
 * Whether words of a person hold a secret: of this worker, or of a runbook, whose secrets are opened for it. What is signed
 * can't be redacted, so it is refused before it is kept.
 */
export function hasSecret(
  { git, holdsSecret }: Knowing,
  loaded: LoadedRunbook | undefined,
  text: string,
): boolean {
  if (loaded !== undefined) git.secretsOf(loaded);
  return holdsSecret(text);
}

/** What nobody signed goes on without: an order to roll back is never refused for its words. */
export function withoutSecrets(knowing: Knowing, loaded: LoadedRunbook | undefined, data: Json): Json {
  return hasSecret(knowing, loaded, JSON.stringify(data)) ? redacted(data, knowing) : data;
}

/** The same of one text. */
export function textWithoutSecrets(
  knowing: Knowing,
  loaded: LoadedRunbook | undefined,
  text: string,
): string {
  return hasSecret(knowing, loaded, text) ? knowing.redact(text) : text;
}

function redacted(data: Json, knowing: Knowing): Json {
  if (typeof data === 'string') return textWithoutSecrets(knowing, undefined, data);
  if (Array.isArray(data)) return data.map((item: Json) => redacted(item, knowing));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, item]) => [key, redacted(item, knowing)]));
}
