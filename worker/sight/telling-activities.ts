import { log } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** What an activity is asked about, where its request names it. */
const NAMED = ['run', 'target', 'round', 'gate', 'step', 'epoch', 'end', 'kind'] as const;

/** Every line of an activity's log names run, gate and step. */
export const tellingActivities: ActivityInterceptorsFactory = ({ info }) => {
  let asked: Readonly<Record<string, unknown>> = {};
  return {
    inbound: {
      execute: async (input, next) => {
        asked = namedIn(input.args[0]);
        if (info.attempt > 1) log.info('an attempt before this one did not end');
        return next(input);
      },
    },
    outbound: { getLogAttributes: (attributes, next) => next({ ...attributes, ...asked }) },
  };
};

/** Words and numbers alone: what else a request holds is not for a log. */
function namedIn(request: unknown): Readonly<Record<string, unknown>> {
  if (typeof request !== 'object' || request === null) return {};
  const given = new Map<string, unknown>(Object.entries(request));
  return Object.fromEntries(
    NAMED.flatMap((name) => {
      const value = given.get(name);
      return typeof value === 'string' || typeof value === 'number' ? [[name, value]] : [];
    }),
  );
}
