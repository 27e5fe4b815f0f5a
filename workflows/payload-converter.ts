import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/common';

const NOTHING = defaultPayloadConverter.toPayload(undefined);

/**
 * What the workflows read with: what can't be read is nothing at all. A signal is decoded before any handler sees it, and one
 * that could not be would fail every task of the promotion from then on: nobody could approve or roll back.
 */
export const payloadConverter: Readonly<PayloadConverter> = {
  toPayload: (value, context) => defaultPayloadConverter.toPayload(value, context),
  fromPayload: (payload, context) => {
    try {
      return defaultPayloadConverter.fromPayload(payload, context);
    } catch {
      return defaultPayloadConverter.fromPayload(NOTHING, context);
    }
  },
};
