// A hundred watches on one worker, and how soon a rollback of one of them begins.
import { withOneGate } from './one-gate.mjs';
import { approve, newTarget, order, spread, start, until, withWorker } from './promotions.mjs';

const WATCHES = 100;
const ROLLBACKS = 5;
const AT_ONCE = 10;

export async function run() {
  await withOneGate({ window: '1h', interval: '1s' }, (config, addTarget, stoppedAt) =>
    withWorker(config, async (client) => {
      const watching = [];
      for (let n = 0; n < WATCHES; n += AT_ONCE)
        watching.push(
          ...(await Promise.all(Array.from({ length: AT_ONCE }, () => watch(client, config, addTarget)))),
        );
      // Every watch has its segment under way.
      for (const { handle } of watching) await until(handle, (seen) => (seen.watch?.samples ?? 0) >= 1);
      const beganMs = [];
      for (const { handle, target } of watching.slice(0, ROLLBACKS)) {
        const askedAt = Date.now();
        await order(handle, 'rollback');
        const { end } = await handle.result();
        if (end !== 'rolled-back') throw new Error(`it ended ${end}`);
        beganMs.push(stoppedAt.get(target) - askedAt);
      }
      process.stdout.write(
        `${WATCHES} watches at 1 s on one worker; from the order to the system's receipt of the first rollback step: ${spread(beganMs, 0)} ms\n`,
      );
    }),
  );
}

async function watch(client, config, addTarget) {
  const target = newTarget();
  await addTarget(target);
  const handle = await start(client, config, target, 'a'.repeat(40));
  await approve(handle);
  await until(handle, (seen) => seen.watch !== undefined, 100);
  return { handle, target };
}
