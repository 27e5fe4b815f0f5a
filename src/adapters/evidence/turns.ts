/**
 * One turn at a time for each key. Those that ask while one is under way share the next: one that has begun may have missed what
 * they are after.
 */
export function sharedTurns<Result>(
  work: (key: string) => Promise<Result>,
): (key: string) => Promise<Result> {
  /** The turns that are still to come, and those under way. */
  const [waiting, running] = [new Map<string, Promise<Result>>(), new Map<string, Promise<Result>>()];

  async function after(before: Promise<Result> | undefined, key: string): Promise<Result> {
    // Those who asked for that one were told what became of it.
    await before?.catch(() => undefined);
    const turn = waiting.get(key);
    waiting.delete(key);
    if (turn !== undefined) running.set(key, turn);
    try {
      return await work(key);
    } finally {
      if (running.get(key) === turn) running.delete(key);
    }
  }

  return (key) => {
    const shared = waiting.get(key);
    if (shared !== undefined) return shared;
    const turn = after(running.get(key), key);
    waiting.set(key, turn);
    return turn;
  };
}
