import { createRequire } from 'node:module';
import type * as Undici from 'undici';

/**
 * The three parts of undici that a question over HTTP needs, without its index: that loads fetch, web sockets, mocks and
 * caches too, and takes longer than all else that a cold `promote readiness` does (docs/decisions/0021-undici-by-its-parts.md).
 * The version is pinned, and test/adapters/http-probe.test.ts runs on these parts.
 */
const load = createRequire(import.meta.url);

/* oxlint-disable typescript/no-unsafe-assignment -- require() knows no types */
export const Client: typeof Undici.Client = load('undici/lib/dispatcher/client.js');
const apiRequest: (
  this: Undici.Dispatcher,
  options: Undici.Dispatcher.RequestOptions,
) => Promise<Undici.Dispatcher.ResponseData> = load('undici/lib/api/api-request.js');
const errors: typeof Undici.errors = load('undici/lib/core/errors.js');
/* oxlint-enable typescript/no-unsafe-assignment */

export const { HTTPParserError } = errors;

/** As undici's own `request` asks: it follows nothing and decodes nothing. */
export function request(
  dispatcher: Undici.Dispatcher,
  url: URL,
  options: Omit<Undici.Dispatcher.RequestOptions, 'origin' | 'path'>,
): Promise<Undici.Dispatcher.ResponseData> {
  const { origin, pathname, search } = url;
  return apiRequest.call(dispatcher, { ...options, origin, path: `${pathname}${search}` });
}
