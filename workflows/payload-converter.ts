import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/**
 * What the workflows read with: what can't be read is nothing at all. A signal is decoded before any handler sees it, and one
 * that could not be would fail every task of the promotion from then on: nobody could approve or roll back.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value, context) => defaultPayloadConverter.toPayload(value, context),
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the interface has it
  fromPayload<Value>(payload: Payload): Value {
    try {
      return defaultPayloadConverter.fromPayload<Value>(payload);
    } catch {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each handler checks what it is given
      return undefined as Value;
    }
  },
};
