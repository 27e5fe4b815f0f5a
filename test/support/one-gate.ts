import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';

import type { Stage } from './stage.js';

/** What the one gate's system says of itself. */
export type Says = 'pass' | 'hold' | 'failing';

const ANSWERS: Readonly<Record<Says, object>> = {
  pass: { health_state: 'healthy', rollout_gate: 'pass', reason_code: 'cortex_ready' },
  hold: { health_state: 'degraded', rollout_gate: 'hold', reason_code: 'cortex_chat_activity_missing' },
  failing: { health_state: 'failing', rollout_gate: 'hold', reason_code: 'stopped' },
};

/** A system with one gate, on loopback, that says what it is told to, question by question. */
export async function serveOneGate(
  says: (question: number) => Says,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  let questions = 0;
  const server = createServer((_request, response) => {
    questions += 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(ANSWERS[says(questions)]));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    url: `http://127.0.0.1:${address.port}/status`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The smallest whole runbook, in the stage's place of its own: one gate, promoted and rolled back by commands. */
export async function putOneGateRunbook(
  stage: Stage,
  url: string,
  watch: { readonly window: string; readonly interval: string },
  approval: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const runbook = {
    v: 1,
    name: 'one-gate',
    gates: [
      {
        id: 'service',
        http: { url },
        reader: 'tau-cortex-status',
        expect: { health: 'healthy', gate: 'pass' },
        deadline: '5s',
      },
    ],
    approval: { approvers: ['approver@rehearsal'], ...approval },
    promotion: { steps: [{ id: 'deploy', command: { argv: ['true'] } }] },
    watch,
    rollback: {
      triggers: { repeatedFailing: { gates: ['service'], rounds: 2 } },
      confirmAfter: '0s',
      steps: [
        {
          id: 'undo',
          command: { argv: ['true'] },
          verify: { gate: 'service', expect: { gate: 'hold', reasonCodes: ['stopped'] } },
          deadline: '10s',
        },
      ],
    },
  };
  await writeFile(stage.rehearsal.runbookFile, JSON.stringify(runbook));
}
