export type SightErrorCode =
  /** Something else listens there. */
  | 'address_in_use'
  /** No address of this machine, or one that this user may not listen on. */
  | 'address_unusable';

/** The worker can't show itself where it was told to. One line that says where, and what to do. */
export class SightError extends Error {
  override readonly name = 'SightError';
  readonly code: SightErrorCode;

  constructor(code: SightErrorCode, setting: string, address: string, cause: unknown) {
    super(
      code === 'address_in_use'
        ? `${setting}: something else listens on ${address}: end it, or give another port`
        : `${setting}: this worker can't listen on ${address}: give an address of this machine and a port from 1024 on`,
      { cause },
    );
    this.code = code;
  }
}
