import { describe, expect, it } from 'vitest';

import { sharedTurns } from '../../../src/adapters/evidence/turns.js';

/** Proves that whoever asks gets what was begun after they asked, and that those who wait share it. */

/** Work that ends as the test says, in the order in which it was begun. */
function controlled() {
  const begun: {
    readonly key: string;
    readonly end: (n: number) => void;
    readonly fail: (why: Error) => void;
  }[] = [];
  const turn = sharedTurns<number>((key) => new Promise((end, fail) => void begun.push({ key, end, fail })));
  return { begun, turn };
}

/** Until everything that can go on has. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a turn', () => {
  it('is not shared by those who ask while it is under way: they share the next', async () => {
    const { begun, turn } = controlled();
    const first = turn('a');
    await settled();
    const [second, third] = [turn('a'), turn('a')];
    await settled();
    expect(begun).toHaveLength(1);
    begun[0]?.end(1);
    expect(await first).toBe(1);
    await settled();
    expect(begun).toHaveLength(2);
    const fourth = turn('a');
    begun[1]?.end(2);
    expect(await Promise.all([second, third])).toEqual([2, 2]);
    await settled();
    begun[2]?.end(3);
    expect(await fourth).toBe(3);
    expect(begun).toHaveLength(3);
  });

  it('that fails is told to those who asked for it, and to no one else', async () => {
    const { begun, turn } = controlled();
    const first = turn('a').catch(String);
    await settled();
    const second = turn('a');
    begun[0]?.fail(new Error('full'));
    expect(await first).toBe('Error: full');
    await settled();
    begun[1]?.end(2);
    expect(await second).toBe(2);
  });

  it('of one key waits for none of another', async () => {
    const { begun, turn } = controlled();
    const [first, second] = [turn('a'), turn('b')];
    await settled();
    expect(begun.map(({ key }) => key)).toEqual(['a', 'b']);
    begun[1]?.end(2);
    expect(await second).toBe(2);
    begun[0]?.end(1);
    expect(await first).toBe(1);
  });
});
