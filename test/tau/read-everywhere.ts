/** One answer through every reader and the readiness check, and what is wrong with what comes out. */
import type { Observation } from '../../src/domain/observation.js';
import { readers, READER_NAMES } from '../../src/tau/readers.js';
import { checkReadiness, readinessObservation } from '../../src/tau/readiness.js';
import { readinessReport } from '../../src/tau/readiness-report.js';
import { ASKED, STRICT } from './readiness-answers.js';

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

export interface Read {
  readonly observations: readonly Observation[];
  /** Whether the readiness report says `status=pass`, and whether no part had a problem: the same, always. */
  readonly reported: boolean;
  readonly ready: boolean;
}

export function readEverywhere(body: unknown): Read {
  const answer = { answered: true, body } as const;
  const result = checkReadiness({ gateway: answer, cortex: answer, operator: answer }, STRICT, ASKED);
  return {
    observations: [...READER_NAMES.map((name) => readers[name](body)), readinessObservation(result, STRICT)],
    reported: readinessReport(result).split('\n').includes('status=pass'),
    ready: result.parts.every(({ problems }) => problems.length === 0),
  };
}

/** Texts that are over a bound, empty where they must not be, or not safe to print; none is wanted. */
export function unbounded(observation: Observation): readonly string[] {
  if (observation.kind !== 'answered') {
    const { code, detail } = observation;
    return [code, detail].filter((text) => text.length > 256 || UNPRINTABLE.test(text));
  }
  const { recommendations, posture } = observation;
  return [...wrong(posture.reasonCodes, 32, 128), ...wrong(recommendations, 16, 256)];
}

function wrong(texts: readonly string[], limit: number, chars: number): readonly string[] {
  const repeated = texts.filter((text, index) => texts.indexOf(text) !== index);
  const bad = texts.filter((text) => text === '' || text.length > chars || UNPRINTABLE.test(text));
  return [...texts.slice(limit), ...bad, ...repeated];
}
