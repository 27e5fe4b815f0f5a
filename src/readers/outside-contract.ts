import type { NotAnswered } from '../domain/observation.js';
import { detailLine } from '../domain/text.js';

/** An answer that is JSON, but not what its reader knows. Says where; never shows the value, which may be a secret. */
export function outsideContract(where: string, what: string): NotAnswered {
  return { kind: 'malformed', code: 'answer_outside_contract', detail: detailLine(`${where}: ${what}`) };
}
