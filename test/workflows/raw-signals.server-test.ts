import { expect, inject, test } from 'vitest';

import { putOneGateRunbook, serveOneGate } from '../support/one-gate.js';
import { sendRawSignal } from '../support/raw-signal.js';
import { withStage } from '../support/stage.js';

/** Proves that no signal, whatever its bytes and its name, keeps a promotion from going on: what can't be read is refused. */
const address = inject('temporalAddress');

test.each([
  { what: 'of no JSON', name: 'decide', encoding: 'json/plain', data: '{' },
  { what: 'of an unknown encoding', name: 'decide', encoding: 'binary/x', data: 'x' },
  { what: 'without an encoding', name: 'decide', encoding: undefined, data: 'x' },
  { what: 'of no JSON to an unknown name', name: 'other', encoding: 'json/plain', data: '{' },
  { what: "by a name of Temporal's own", name: '__temporal_x', encoding: 'json/plain', data: '1' },
])('a signal $what holds nobody up', async ({ name, encoding, data }) => {
  const service = await serveOneGate(() => 'pass');
  const watch = { window: '10ms', interval: '10ms' };
  try {
    await withStage(
      { address, prepare: (stage) => putOneGateRunbook(stage, service.url, watch) },
      async (stage) => {
        await stage.start();
        const decision = await stage.decision();
        await sendRawSignal(stage, name, encoding, data);
        expect(await stage.submit(decision)).toMatchObject({ accepted: true });
        expect((await stage.result()).end).toBe('promoted');
      },
    );
  } finally {
    await service.close();
  }
});
