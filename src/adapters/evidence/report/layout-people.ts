import type { Report } from '../report-model.js';
import { explained } from './codes.js';
import { table, whole, type Cell, type Section } from './document.js';
import { identityCell } from './layout-approval.js';

/** What people ordered, and what was refused them. */
export function layOutPeople({ people: { orders, refusals } }: Report): readonly Section[] {
  if (orders.length + refusals.length === 0) return [];
  return [
    {
      id: 'people',
      title: 'Orders and refusals',
      blocks: [
        ...table(
          'Orders, in the order they came',
          ['When', 'Order', 'By', 'Identity', 'Why'],
          orders.map((each): readonly Cell[] => [
            whole(each.at),
            each.action,
            each.by,
            identityCell(each),
            each.reason,
          ]),
        ),
        ...table(
          'What was refused',
          ['When', 'What', 'By', 'Why'],
          refusals.map(({ at, what, by, reason }): readonly Cell[] => [
            whole(at),
            what,
            by,
            { lines: [reason, ...explained(reason)] },
          ]),
        ),
      ],
      parts: [],
    },
  ];
}
