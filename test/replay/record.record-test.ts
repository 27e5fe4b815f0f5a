import { describe, expect, inject, test } from 'vitest';

import type { History } from '@temporalio/common/lib/proto-utils.js';

import { withStage } from '../support/stage.js';
import { CASES } from './cases.js';
import { nameNow, readHistory, writeHistory } from './histories.js';
import { replay } from './replaying.js';

/**
 * Plays every case on the real server and keeps its history, for test/replay/replay.test.ts. Without RECORD=1 it writes
 * nothing: a history is replaced on purpose only, when a workflow changed in a way that no open promotion can meet.
 */
const address = inject('temporalAddress');
const recording = process.env['RECORD'] === '1';

describe('the history of a promotion', () => {
  test.each(CASES)('$name ends $end and replays', ({ name, stage: options, play, end }) =>
    withStage({ ...options, address }, async (stage) => {
      await stage.start();
      await play(stage);
      expect((await stage.result()).end).toBe(end);
      const history = await stage.handle.fetchHistory();
      const [replayed] = await replay([history]);
      expect(replayed?.error).toBeUndefined();
      say(`${name}: ${await keep(nameNow(name), history)}`);
    }),
  );
});

async function keep(name: string, history: History): Promise<string> {
  const before = await readHistory(name);
  const was = before === undefined ? 'none was kept' : `${eventsOf(before)} are kept`;
  if (!recording) return `${eventsOf(history)}, not written (RECORD=1 writes); ${was}`;
  const bytes = await writeHistory(name, history);
  const replaced = before === undefined ? 'new' : `replaces one of ${eventsOf(before)}`;
  return `${eventsOf(history)}, ${bytes} bytes, ${replaced}`;
}

function eventsOf({ events }: History): string {
  return `${events?.length ?? 0} events`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
