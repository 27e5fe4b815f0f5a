import type { Report } from '../report-model.js';
import { meantCodes } from './codes.js';
import { fact, table, whole, type Cell, type Fact, type Section, type Text } from './document.js';
import { toned } from './tones.js';
import { samplesOf, type ReportedWatch, type Trouble } from './watch.js';

/** What was seen after promoting. */
export function layOutWatch({ watch }: Report): readonly Section[] {
  if (watch === undefined) return [];
  return [
    {
      id: 'watch',
      title: 'Watch',
      blocks: [
        { kind: 'facts', facts: factsOf(watch) },
        ...table(
          'Samples that were no pass',
          ['Samples', 'Grade', 'From', 'To', 'What held in the first of them'],
          watch.trouble.map((each): readonly Cell[] => [
            samplesOf(each),
            [toned(each.grade)],
            whole(each.fromAt),
            whole(each.toAt),
            gatesCell(each),
          ]),
        ),
      ],
      parts: [],
    },
  ];
}

function factsOf({
  limits,
  from,
  to,
  grades,
  failingStreak,
  unreachableStreak,
  unrecorded,
}: ReportedWatch): readonly Fact[] {
  const total = Object.values(grades).reduce((sum, count) => sum + count, 0);
  const counts = Object.entries(grades).map(([grade, count]) => `${count} ${grade}`);
  return [
    fact('Window', `${seconds(limits.windowMs)}, a sample every ${seconds(limits.intervalMs)}`),
    fact('Samples', `${total} in all: ${counts.join(', ')}`),
    fact('First and last', `${from}, ${to}`),
    fact('Longest failing streak', streak(failingStreak, limits.repeatedFailing)),
    fact('Longest failing or unreachable streak', streak(unreachableStreak, limits.unreachableLimit)),
    ...(unrecorded ? [fact('Not kept', 'some samples could not be recorded')] : []),
  ];
}

function streak(longest: number, limit: number): Text {
  const said = `${longest}, where ${limit} roll back`;
  return longest >= limit ? [{ text: said, as: 'bad' }] : said;
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}

function gatesCell({ gates }: Trouble): Cell {
  if (gates.length === 0) return 'see the files in watch/';
  return {
    lines: gates.flatMap(({ gate, health, rolloutGate, reasonCodes }): readonly Text[] => {
      const codes = meantCodes(reasonCodes);
      return [
        [`${gate}: `, { text: `${health}/${rolloutGate}`, as: 'bad' }],
        ...(typeof codes === 'object' && 'lines' in codes ? codes.lines : []),
      ];
    }),
  };
}
