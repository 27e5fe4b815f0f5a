import { z } from 'zod';

import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import { commitHash, identifier } from './names.js';

/** `promotion/<step>.intent.json`: written before anything is pushed; a repeated step finishes it or stops. */
export const gitIntentSchema = z.strictObject({
  v: z.literal(1),
  step: identifier,
  remote: z.string().max(1024),
  branch: z.string().max(256),
  commit: commitHash,
  formerTip: commitHash,
  newTip: commitHash,
});
export type GitIntent = z.infer<typeof gitIntentSchema>;

/** `rollback/<step>.revert-<16 hex>.json`: written before that revert is pushed. */
export const revertIntentSchema = z.strictObject({
  v: z.literal(1),
  step: identifier,
  remote: z.string().max(1024),
  branch: z.string().max(256),
  revert: commitHash,
});

/** What an attempt of a rollback step came to. */
export interface RollbackOutcome {
  readonly verified: boolean;
  readonly code: OwnReasonCode;
  /** One line for a person; holds no secret. */
  readonly detail: string;
}

/** As the workflow is told; where it is not verified, with what a person would type to do the step by hand. */
export interface RollbackStepOutcome extends RollbackOutcome {
  readonly byHand: readonly string[];
}

/** What a promotion step came to. */
export type PromotionOutcome =
  | { readonly done: true; readonly code: OwnReasonCode; readonly detail: string }
  | {
      readonly done: false;
      readonly code: OwnReasonCode;
      readonly detail: string;
      /** `none` only where it is proven that nothing changed. */
      readonly effect: 'none' | 'possible';
    };
