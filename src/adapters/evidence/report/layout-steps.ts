import type { Report } from '../report-model.js';
import { meant } from './codes.js';
import { name, table, whole, type Cell, type Section } from './document.js';
import type { ReportedRepair, ReportedStep } from './steps.js';
import { toned } from './tones.js';

/** What remediation ran, and what came of it. */
export function layOutRemediation({ repairs }: Report): readonly Section[] {
  if (repairs.length === 0) return [];
  return [
    {
      id: 'remediation',
      title: 'Remediation',
      blocks: table(
        'Repairs, in their order',
        ['Repair', 'When', 'Round', 'For', 'What ran', 'Came to'],
        repairs.map((each): readonly Cell[] => [
          each.repair,
          whole(each.at),
          each.round,
          each.gates.join(', '),
          each.byPerson
            ? `by a person: ${each.ran.join(' ') || 'as they saw fit'}`
            : { lines: each.ran.map((command) => [name(command)]) },
          cameTo(each),
        ]),
      ),
      parts: [],
    },
  ];
}

function cameTo({ code, attempts, byPerson }: ReportedRepair): Cell {
  if (code === undefined) return 'still waited for when the run ended';
  if (byPerson) return code === 'done' ? [toned('done'), ', they said'] : 'the time for it elapsed';
  return `${meant(code)}${attempts > 1 ? ` (${attempts} attempts)` : ''}`;
}

/** What promoted. */
export function layOutSteps({ promotion }: Report): readonly Section[] {
  if (promotion.length === 0) return [];
  return [
    {
      id: 'steps',
      title: 'Promotion',
      blocks: table(
        'Promotion steps, in their order',
        ['Step', 'Begun', 'Ended', 'Came to', 'Branch'],
        promotion.map((each): readonly Cell[] => [
          each.step,
          whole(each.begunAt),
          whole(each.endedAt ?? 'not known'),
          stepCameTo(each),
          each.moved === undefined ? '' : [name(each.moved)],
        ]),
      ),
      parts: [],
    },
  ];
}

function stepCameTo({ code, effect }: ReportedStep): Cell {
  if (code === undefined) return 'nobody recorded what it came to';
  if (code === 'promoted') return [toned(code)];
  return `${meant(code)}${effect === 'none' ? '; nothing was changed' : '; something may have been changed'}`;
}
