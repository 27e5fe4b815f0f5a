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

export interface AttributesSeen {
  readonly missing: readonly string[];
  /** There with another type. */
  readonly mistyped: readonly string[];
}

/** @throws ClientError */
export async function readSearchAttributes(server: TemporalServer): Promise<AttributesSeen> {
  const { namespace } = server;
  const { customAttributes } = await server.call(CALL_TIMEOUT_MS, () =>
    server.connection.operatorService.listSearchAttributes({ namespace }),
  );
  const typeOf = (name: string): number | undefined => customAttributes[name];
  const wanted = Object.entries(SEARCH_ATTRIBUTES);
  return {
    missing: wanted.filter(([name]) => typeOf(name) === undefined).map(([name]) => name),
    mistyped: wanted
      .filter(([name, type]) => typeOf(name) !== undefined && typeOf(name) !== INDEXED_VALUE_TYPE[type])
      .map(([name]) => name),
  };
}

/**
 * Adds the search attributes that the server lacks; safe to repeat. Gives the names of those that it added.
 * @throws ClientError `refused` where this user may not add them, or one is there with another type
 */
export async function ensureSearchAttributes(server: TemporalServer): Promise<readonly string[]> {
  const { namespace } = server;
  const { missing, mistyped } = await readSearchAttributes(server);
  const [other] = mistyped;
  if (other !== undefined) throw otherType(server, other);
  if (missing.length === 0) return [];
  const searchAttributes = Object.fromEntries(
    Object.entries(SEARCH_ATTRIBUTES)
      .filter(([name]) => missing.includes(name))
      .map(([name, type]) => [name, INDEXED_VALUE_TYPE[type]]),
  );
  await server.call(CALL_TIMEOUT_MS, async () => {
    try {
      await server.connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    } catch (error) {
      if (codeOf(error) !== GRPC.ALREADY_EXISTS) throw error;
    }
  });
  return missing;
}

function otherType({ namespace }: TemporalServer, name: string): ClientError {
  const type = Object.entries(SEARCH_ATTRIBUTES).find(([each]) => each === name)?.[1] ?? '';
  return new ClientError(
    'refused',
    `the search attribute ${name} of the namespace ${namespace} is no ${type}: remove it there, or take another namespace`,
  );
}
