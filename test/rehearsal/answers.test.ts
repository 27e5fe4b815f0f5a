// Proves that the stand-in's answers have the keys and the postures of a real Tau's (revision a1683683) in the recorded
// states. It proves nothing about states that were not recorded.
import { describe, expect, test } from 'vitest';

import type { Condition } from '../../src/rehearsal/condition.js';
import { readers, type ReaderName } from '../../src/tau/readers.js';
import { recordedJson } from '../tau/recordings.js';
import { DEPLOYMENT_STATUS, DEPLOYMENT_TRANSPORT, SUMMARY, ask, meet, openForTest, run } from './stand-in.js';

const STATES: readonly { readonly recording: string; readonly condition: Condition }[] = [
  { recording: 'healthy', condition: {} },
  { recording: 'hold', condition: { gatewayStopped: 'emergency_rollback' } },
  { recording: 'failing', condition: { events: 'unparsable', cortex: 'malformed', deployment: 'failing' } },
  { recording: 'gateway-failing', condition: { events: 'unparsable' } },
  { recording: 'deployment-failing', condition: { deployment: 'failing' } },
  { recording: 'deployment-degraded', condition: { deployment: 'degraded' } },
  { recording: 'operator-hold', condition: { daemon: 'not-running' } },
  { recording: 'cortex-missing', condition: { cortex: 'missing' } },
  { recording: 'cortex-malformed', condition: { cortex: 'malformed' } },
  { recording: 'cortex-stale', condition: { cortex: 'stale' } },
];

describe.each(STATES)('in the recorded state $recording', ({ recording, condition }) => {
  test('every surface answers with the recorded keys and posture', async () => {
    const rehearsal = await openForTest();
    meet(rehearsal, condition);
    const command = async (args: readonly string[]): Promise<unknown> =>
      JSON.parse((await run(rehearsal, args)).stdout);
    const http = async (path: string): Promise<unknown> => (await ask(rehearsal, path)).json();

    const asked = [
      ['tau-gateway-status', 'gateway-status.json', http('/gateway/status')],
      ['tau-cortex-status', 'cortex-status.json', http('/cortex/status')],
      ['tau-operator-summary', 'operator-control-summary.stdout', command(SUMMARY)],
      ['tau-deployment-transport', 'deployment-transport-health.stdout', command(DEPLOYMENT_TRANSPORT)],
      ['tau-deployment-status', 'deployment-status.stdout', command(DEPLOYMENT_STATUS)],
    ] as const;
    const answers = await Promise.all(
      asked.map(async ([reader, file, answer]) => [reader, file, await answer] as const),
    );
    const actual = answers.map(([reader, file, answer]) => ({ file, ...shapes(answer, reader) }));
    const recorded = answers.map(([reader, file]) => ({
      file,
      ...shapes(recordedJson(`${recording}/${file}`), reader),
    }));
    expect(actual).toEqual(recorded);
  });
});

function shapes(body: unknown, reader: ReaderName): object {
  return { keys: keyPaths(body), observation: readers[reader](body) };
}

/** Every path that leads to a value, list items taken together. */
function keyPaths(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return unique(value.flatMap((item) => keyPaths(item, `${path}[]`)));
  if (typeof value !== 'object' || value === null) return [path];
  return unique(Object.entries(value).flatMap(([key, item]) => [path, ...keyPaths(item, `${path}.${key}`)]));
}

function unique(paths: readonly string[]): readonly string[] {
  return [...new Set(paths)].sort();
}
