/** A signal that aborts when the caller's does or the time is over, and what lets go of its timer. */
export interface Deadline {
  readonly signal: AbortSignal;
  readonly passed: () => boolean;
  readonly clear: () => void;
}

/**
 * A deadline of its own timer. `AbortSignal.any` holds `AbortSignal.timeout` only weakly on Node 20: after a garbage
 * collection it never fires, and what waits for it hangs for ever (nodejs/node#54614).
 */
export function startDeadline(ms: number, caller: AbortSignal): Deadline {
  const controller = new AbortController();
  let passed = false;
  const timer = setTimeout(() => {
    passed = true;
    controller.abort(new DOMException('the deadline passed', 'TimeoutError'));
  }, ms);
  const follow = (): void => controller.abort(caller.reason);
  if (caller.aborted) follow();
  else caller.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    passed: () => passed,
    clear: () => {
      clearTimeout(timer);
      caller.removeEventListener('abort', follow);
    },
  };
}
