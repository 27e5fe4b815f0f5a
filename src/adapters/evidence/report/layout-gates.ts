import { expectationText } from '../../../domain/override.js';
import type { Report } from '../report-model.js';
import { meant, meantCodes } from './codes.js';
import {
  item,
  listOf,
  names,
  table,
  whole,
  type Block,
  type Cell,
  type Part,
  type Section,
} from './document.js';
import type { ReportedGate, ReportedRound } from './rounds.js';
import { toned } from './tones.js';

/** Each gate's answer in each round: first beside each other, then round by round with codes and files. */
export function layOutGates({ rounds }: Report): readonly Section[] {
  if (rounds.length === 0) return [];
  return [
    {
      id: 'gates',
      title: 'Gates',
      blocks: overview(rounds),
      parts: rounds.map(roundPart),
    },
  ];
}

function overview(rounds: readonly ReportedRound[]): readonly Block[] {
  const gates = [...new Set(rounds.flatMap((round) => round.gates.map(({ gate }) => gate)))];
  return table(
    'Verdicts, round by round',
    ['Gate', ...rounds.map(({ round }) => round)],
    gates.map((gate): readonly Cell[] => [
      gate,
      ...rounds.map((round): Cell => {
        const answer = round.gates.find((each) => each.gate === gate);
        return answer === undefined ? 'not asked' : [toned(answer.verdict)];
      }),
    ]),
  );
}

function roundPart({ round, at, gates, notRollbackable, triggers }: ReportedRound): Part {
  return {
    title: round,
    blocks: [
      ...table(
        `Answers of ${round}, closed ${at}`,
        ['Gate', 'Verdict', 'Health / gate', 'Reason codes', 'The answer as it came'],
        gates.map((gate): readonly Cell[] => [
          gate.gate,
          [toned(gate.verdict)],
          postureOf(gate),
          meantCodes(gate.reasonCodes),
          filesOf(gate),
        ]),
      ),
      ...listOf([
        ...notRollbackable.map((line) => item(`Rollback could not run: ${line}`)),
        ...triggers.map((code) => item(`Rollback trigger: ${meant(code)}`)),
      ]),
    ],
  };
}

function postureOf({ kind, health, rolloutGate, expected, detail }: ReportedGate): Cell {
  const lines = [
    whole(`${health}/${rolloutGate}`),
    ...(expected === undefined ? [] : [whole(`expected ${expectationText(expected)}`)]),
    ...(kind === 'answered' ? [] : [kind]),
    ...(detail === '' ? [] : [detail]),
  ];
  return { lines };
}

function filesOf({ files, outcome }: ReportedGate): Cell {
  switch (outcome) {
    case 'read':
      return names(files);
    case 'missing':
      return 'its outcome is not kept';
    case 'unreadable':
      return 'its outcome is not of its form';
    default:
      return outcome satisfies never;
  }
}
