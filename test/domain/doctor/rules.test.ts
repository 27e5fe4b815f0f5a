import { describe, expect, it } from 'vitest';

import { judgeClock } from '../../../src/domain/doctor/clock.js';
import { judgeBuilds, judgePollers, type Poller } from '../../../src/domain/doctor/pollers.js';
import { judgeRetention } from '../../../src/domain/doctor/retention.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('closed runs outlive the longest approval and watch, and a long weekend', () => {
  const longest = { target: 'lab', expiresMs: DAY_MS, windowMs: HOUR_MS };
  it.each([
    [DAY_MS, 'error'],
    [25 * HOUR_MS - 1_000, 'error'],
    [25 * HOUR_MS, 'warning'],
    [97 * HOUR_MS - 1_000, 'warning'],
    [97 * HOUR_MS, 'ok'],
    [30 * DAY_MS, 'ok'],
  ])('kept %d ms: %s', (retentionMs, level) => {
    const found = judgeRetention('ours', retentionMs, longest);
    expect(found).toMatchObject({ check: 'retention', level, where: 'namespace ours' });
    expect(found.todo).toBe(
      level === 'ok' ? undefined : 'temporal operator namespace update --namespace ours --retention 97h',
    );
  });

  it('follows its own remedy', () => {
    const retention = /--retention (\d+)h/.exec(judgeRetention('ours', 0, longest).todo ?? '')?.[1];
    expect(judgeRetention('ours', Number(retention) * HOUR_MS, longest).level).toBe('ok');
  });
});

describe('clocks differ by what is proven, not by what the answer took', () => {
  const at = 1_700_000_000_000;
  it.each([
    ['the same time', 0, 10, 'ok', ''],
    ['a slow answer, in which anything may lie', -4_000, 8_000, 'ok', ''],
    ['3 s ahead', 3_000, 10, 'warning', '3.0 s ahead of'],
    ['3 s behind', -3_010, 10, 'warning', '3.0 s behind'],
    ['a minute ahead', 60_000, 10, 'error', '60.0 s ahead of'],
    ['ten minutes behind', -600_010, 10, 'error', '600.0 s behind'],
  ])('%s', (_, aheadMs, tookMs, level, says) => {
    const askedAt = at + aheadMs;
    const found = judgeClock('here', { askedAt, answeredAt: askedAt + tookMs, serverAt: at });
    expect(found.level).toBe(level);
    expect(found.what).toContain(says);
  });
});

const worker = (over: Partial<Poller> = {}): Poller => ({
  identity: '1@here',
  idleMs: 3_000,
  build: 'b1',
  versioned: false,
  ...over,
});

describe('somebody does the work of a queue', () => {
  const versioned = worker({ versioned: true });
  it.each([
    ['a worker', [worker()], undefined, 'ok', '1 at work: 1@here (3 s ago)'],
    ['nobody', [], undefined, 'error', 'no worker takes work'],
    ['one that went', [worker({ idleMs: 120_000 })], undefined, 'error', '1@here last asked 120 s ago'],
    ['one of the build that gets the work', [versioned], 'b1', 'ok', '1 at work'],
    ['one of a build that gets none', [versioned], 'b2', 'error', 'goes to the build b2, and only build b1'],
    [
      'one of a build, where none was made current',
      [versioned],
      undefined,
      'error',
      'workers without a version',
    ],
    ['one without a version, where a build gets the work', [worker()], 'b1', 'error', 'goes to the build b1'],
    ['the one that gets it beside another', [versioned, worker({ build: 'b2' })], 'b1', 'ok', '2 at work'],
  ] as const)('%s', (_, pollers, routedTo, level, says) => {
    const found = judgePollers({ queue: 'q', tasks: 'workflows', pollers, routedTo });
    expect(found).toMatchObject({ check: 'pollers', level, where: 'task queue q (workflows)' });
    expect(found.what).toContain(says);
    expect(found.todo === undefined).toBe(level === 'ok');
  });
});

describe('several builds at once are told', () => {
  it.each([
    ['one', [worker(), worker({ identity: '2@here' })], 'ok', 'build b1 (without a version): 1@here, 2@here'],
    ['two', [worker(), worker({ build: 'b2' })], 'warning', '2 builds at work'],
    ['one, and another that went', [worker(), worker({ build: 'b2', idleMs: 200_000 })], 'ok', 'b1'],
    ['one that names none', [worker({ build: undefined })], 'ok', 'no build named: 1@here'],
  ] as const)('%s', (_, pollers, level, says) => {
    const found = judgeBuilds({ queue: 'q', tasks: 'workflows', pollers, routedTo: undefined });
    expect(found.level).toBe(level);
    expect(found.what).toContain(says);
  });
});
