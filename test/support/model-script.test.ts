import { expect, it } from 'vitest';

import { SCRIPTED_ENDS, scriptOf } from './model-script.js';
import { seeded } from './seeded.js';

// Proves that the random promotions which are run on the real server come to every end but expiry, by every trigger that
// they can have; not that those on the server do: their seeds are few.

const scripts = Array.from({ length: 600 }, (_, seed) => scriptOf(seeded(seed)));

it('random promotions come to every end, by every trigger', () => {
  const ends = new Set(scripts.map(({ last }) => (last.effect.do === 'end' ? last.effect.end : 'none')));
  expect(ends).toEqual(new Set(SCRIPTED_ENDS));
  const triggers = new Set(scripts.flatMap(({ last }) => last.state.triggers));
  expect([...triggers].sort()).toEqual([
    'cancelled',
    'cortex_artifact_unrepaired',
    'promotion_step_failed',
    'repeated_failing',
    'requested',
    'unreachable',
  ]);
});

it('the same seed gives the same promotion', () => {
  expect(scriptOf(seeded(7))).toEqual(scriptOf(seeded(7)));
});
