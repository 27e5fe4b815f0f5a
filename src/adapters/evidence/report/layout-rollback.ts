import type { Report } from '../report-model.js';
import { meant } from './codes.js';
import { item, listOf, type Block, type Item, type Section } from './document.js';
import type { ReportedRollback } from './rollback.js';

/** What declared it, what each step said, whether it held, and where a person had to end it, what was left to do. */
export function layOutRollback({ rollback }: Report): readonly Section[] {
  if (rollback === undefined) return [];
  const { begun, left, lost, heldAt } = rollback;
  const blocks: readonly Block[] = [
    ...listOf([
      ...begun.map(({ at, attempt, trigger }) =>
        item(`${at}: attempt ${attempt}, declared by ${meant(trigger)}`),
      ),
      ...stepItems(rollback),
      ...lost.map(({ at, unverified }) => item(`${at}: it did not hold: ${unverified.join('; ')}`)),
      ...(heldAt === undefined ? [] : [item(`${heldAt}: it still held`)]),
    ]),
    ...(left.length === 0
      ? []
      : [
          { kind: 'paragraph', text: 'Left to do by hand:' } as const,
          { kind: 'commands', lines: left } as const,
        ]),
  ];
  return [{ id: 'rollback', title: 'Rollback', blocks, parts: [] }];
}

function stepItems({ steps }: ReportedRollback): readonly Item[] {
  return steps.map(({ at, step, attempt, verified, code, detail }) => {
    const said = verified
      ? ({ text: 'verified', as: 'good' } as const)
      : ({ text: 'not verified', as: 'bad' } as const);
    return item(
      [`${at}: ${step}, attempt ${attempt}: `, said, ` (${code}): ${detail}`],
      verified ? [] : [meant(code)].filter((text) => text !== code),
    );
  });
}
