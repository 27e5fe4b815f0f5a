import { defineSearchAttributeKey } from '@temporalio/common';

import { SEARCH_ATTRIBUTES } from '../../workflows/messages.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from './connection.js';
import { ClientError } from './errors.js';
import { codeOf, GRPC } from './grpc.js';

export const TARGET = defineSearchAttributeKey('PromotionTarget', 'KEYWORD');
export const PHASE = defineSearchAttributeKey('PromotionPhase', 'KEYWORD');
export const COMMIT = defineSearchAttributeKey('PromotionCommit', 'KEYWORD');
export const TRIGGER = defineSearchAttributeKey('PromotionTrigger', 'KEYWORD');
export const REQUESTER = defineSearchAttributeKey('PromotionRequester', 'KEYWORD');
export const DEADLINE = defineSearchAttributeKey('PromotionDeadline', 'DATETIME');

/** temporal.api.enums.v1.IndexedValueType */
const INDEXED_VALUE_TYPE = { Keyword: 2, Datetime: 6 } as const;

/**
 * Adds the search attributes that the server lacks; safe to repeat.
 * @throws ClientError `refused` where this user may not add them, or one is there with another type
 */
export async function ensureSearchAttributes(server: TemporalServer): Promise<void> {
  const { namespace } = server;
  const { operatorService } = server.connection;
  await server.call(CALL_TIMEOUT_MS, async () => {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    const missing: Record<string, 2 | 6> = {};
    for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
      const there: number | undefined = customAttributes[name];
      if (there === undefined) missing[name] = INDEXED_VALUE_TYPE[type];
      else if (there !== INDEXED_VALUE_TYPE[type])
        throw new ClientError(
          'refused',
          `the search attribute ${name} of the namespace ${namespace} is no ${type}: remove it there, or take another namespace`,
        );
    }
    if (Object.keys(missing).length === 0) return;
    try {
      await operatorService.addSearchAttributes({ namespace, searchAttributes: missing });
    } catch (error) {
      if (codeOf(error) !== GRPC.ALREADY_EXISTS) throw error;
    }
  });
}
