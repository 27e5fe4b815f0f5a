import { ok, warning, wrong, type DoctorFinding } from './finding.js';

/** A worker as the server knows it of one task queue. */
export interface Poller {
  readonly identity: string;
  /** Since it last asked for work, ms, by the server's clock. */
  readonly idleMs: number;
  /** What it says that it runs. */
  readonly build: string | undefined;
  /** Whether the server gives it work by that build. */
  readonly versioned: boolean;
}

export interface PolledQueue {
  readonly queue: string;
  readonly tasks: 'workflows' | 'activities';
  readonly pollers: readonly Poller[];
  /** The build that the server gives this queue's work to; undefined: to workers without a version. */
  readonly routedTo: string | undefined;
}

/** A worker asks again at least once a minute, and the server remembers it for five. */
const GONE_MS = 90_000;

const START = 'start a worker with `promote worker`, with the same taskQueue and namespace as here';

/** Whether somebody does the work of a queue. Without it, promotions stand still there. */
export function judgePollers({ queue, tasks, pollers, routedTo }: PolledQueue): DoctorFinding {
  const where = `task queue ${queue} (${tasks})`;
  const here = pollers.filter(({ idleMs }) => idleMs <= GONE_MS);
  const [latest] = pollers.toSorted((a, b) => a.idleMs - b.idleMs);
  if (here.length === 0)
    return wrong(
      'pollers',
      where,
      latest === undefined
        ? 'no worker takes work from it'
        : `no worker takes work from it any more: ${latest.identity} last asked ${seconds(latest.idleMs)} ago`,
      START,
    );
  const takes = ({ build, versioned }: Poller): boolean =>
    routedTo === undefined ? !versioned : versioned && build === routedTo;
  if (!here.some(takes))
    return wrong(
      'pollers',
      where,
      `its work goes to ${routedTo === undefined ? 'workers without a version' : `the build ${routedTo}`}, and only ${buildsOf(here).join(', ')} asks for it`,
      'make the build that is at work the current one: promote use-build',
    );
  const named = here.map(({ identity, idleMs }) => `${identity} (${seconds(idleMs)} ago)`);
  return ok('pollers', where, `${here.length} at work: ${named.join(', ')}`);
}

/**
 * Which builds run workflows. Several at once are an upgrade under way, or one that was forgotten.
 *
 * @param workflows the queue of the workflows, with somebody at work
 */
export function judgeBuilds({ queue, pollers }: PolledQueue): DoctorFinding {
  const here = pollers.filter(({ idleMs }) => idleMs <= GONE_MS);
  const builds = buildsOf(here);
  const where = `task queue ${queue}`;
  const shown = builds.map((build) => {
    const identities = here.filter((poller) => shownBuild(poller) === build).map(({ identity }) => identity);
    return `${build}: ${[...new Set(identities)].join(', ')}`;
  });
  return builds.length > 1
    ? warning(
        'worker-builds',
        where,
        `${builds.length} builds at work: ${shown.join('; ')}`,
        'go through with the upgrade: end the workers of the old build once the new ones are at work',
      )
    : ok('worker-builds', where, shown.join('; '));
}

function buildsOf(pollers: readonly Poller[]): readonly string[] {
  return [...new Set(pollers.map(shownBuild))];
}

function shownBuild({ build, versioned }: Poller): string {
  return build === undefined ? 'no build named' : `build ${build}${versioned ? '' : ' (without a version)'}`;
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1_000))} s`;
}
