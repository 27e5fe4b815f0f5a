import { afterAll, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';

import { z } from 'zod';

import { Receiver } from '../support/receiver.js';
import { withStage, type StageOptions } from '../support/stage.js';

/**
 * Proves on the real server that a promotion tells what it should, each once and in order, and that nobody who does not take it holds
 * a promotion up: what is left is delivered after its end.
 */
const address = inject('temporalAddress');
const receiver = new Receiver();
let options: StageOptions;
beforeAll(async () => {
  const url = await receiver.open();
  options = {
    address,
    environment: { HOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', CHAT_URL: `${url}/chat` },
    notifications: [
      { name: 'ops', kind: 'webhook', url: `${url}/ops`, secretEnv: 'HOOK_SECRET' },
      { name: 'chat', kind: 'slack', urlEnv: 'CHAT_URL', events: ['promoted'] },
    ],
  };
});
afterAll(() => receiver.close());
beforeEach(() => {
  receiver.status = 204;
  receiver.received.length = 0;
});

const told = z.object({
  id: z.string(),
  subject: z.string(),
  data: z.object({ event: z.string(), reason: z.string(), next: z.array(z.string()) }),
});

/** Of one target, in the order in which they happened. */
function toldOf(target: string): readonly z.infer<typeof told>[] {
  return (
    receiver.received
      .filter(({ path }) => path === '/ops')
      .map(({ body }) => told.parse(JSON.parse(body)))
      .filter(({ subject }) => subject === target)
      // Told twice with one ID, it is the same: one that was on its way at the end may come again.
      .filter(({ id }, index, all) => all.findIndex((other) => other.id === id) === index)
      .toSorted((a, b) => Number(a.id.split('-').at(-1)) - Number(b.id.split('-').at(-1)))
  );
}

const events = (target: string): readonly string[] => toldOf(target).map(({ data }) => data.event);

test('a promotion tells that it waits, what was decided, and that it is promoted', async () => {
  await withStage(options, async (stage) => {
    await stage.start();
    const { approval } = await stage.until((seen) => seen.approval !== undefined);
    await stage.decide();
    expect(await stage.result()).toMatchObject({ end: 'promoted' });
    await vi.waitFor(() =>
      expect(events(stage.target)).toEqual(['awaiting-approval', 'decided', 'promoted']),
    );
    const [asked, decided] = toldOf(stage.target);
    expect(asked?.data.next.join()).toContain(approval?.digest.replace('sha256:', ''));
    expect(decided?.data.reason).toBe('approver@rehearsal: approve');
    await vi.waitFor(() => expect(receiver.received.filter(({ path }) => path === '/chat')).toHaveLength(1));
  });
});

test('a rollback is told when it begins and when it is proven', async () => {
  await withStage({ ...options, scenario: 'failing-after-promotion' }, async (stage) => {
    await stage.start();
    await stage.decide();
    expect(await stage.result()).toMatchObject({ end: 'rolled-back' });
    await vi.waitFor(() =>
      expect(events(stage.target)).toEqual(['awaiting-approval', 'decided', 'rolling-back', 'rolled-back']),
    );
  });
});

test('whoever takes nothing holds up no promotion, shows in its view, and is told after its end', async () => {
  receiver.status = 503;
  await withStage(options, async (stage) => {
    await stage.start();
    const { notifications } = await stage.until(
      (seen) => seen.approval !== undefined && (seen.notifications?.pending ?? 0) > 0,
    );
    expect(notifications).toEqual({ pending: 1, delivered: 0, failed: 0 });
    await stage.decide();
    expect(await stage.result()).toMatchObject({ end: 'promoted' });
    expect(events(stage.target)).toEqual([]);
    receiver.status = 204;
    await vi.waitFor(
      () => expect(events(stage.target)).toEqual(['awaiting-approval', 'decided', 'promoted']),
      {
        timeout: 50_000,
        interval: 100,
      },
    );
  });
});
