// Proves when a rollback command's directory is taken for the live system's: by a state file on disk and the gateway's answer
// over real HTTP. What a rollback and a preflight make of it is proven with them.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { sameState, type SameState } from '../../../src/adapters/steps/same-state.js';
import { scenarioNamed } from '../../../src/rehearsal/scenarios.js';
import { meet, openForTest } from '../../rehearsal/stand-in.js';
import { questionsOf, serve } from '../gates/questions.js';
import { scratchFolder } from '../runbook/written-runbook.js';

const STATE = '.tau/gateway/state.json';

/** The shipped stop step in a directory with this state, against a gateway that answers so. */
async function compared(
  state: string | undefined,
  answer: string,
  status = 200,
): Promise<SameState & { readonly directory: string }> {
  const baseUrl = await serve((_request, response) => response.writeHead(status).end(answer));
  const { loaded, ask } = await questionsOf(await openForTest(), { baseUrl });
  const directory = await scratchFolder();
  await mkdir(join(directory, '.tau/gateway'), { recursive: true });
  if (state !== undefined) await writeFile(join(directory, STATE), state);
  const [stop] = loaded.runbook.rollback.steps;
  if (stop === undefined) throw new Error('no step');
  const command = { argv: ['true'], workingDirectory: directory, environment: [] };
  const found = await sameState(loaded, { ...stop, command }, ask, 2_000);
  return { ...found, directory };
}

const state = (transition: unknown): string =>
  JSON.stringify({ service: { last_transition_unix_ms: transition } });
const answer = (transition: unknown): string =>
  JSON.stringify({
    service: {
      service_status: 'running',
      rollout_gate: 'pass',
      rollout_reason_code: 'guardrail_checks_passing',
      service_last_transition_unix_ms: transition,
    },
  });

describe('the directory of a rollback command', () => {
  test('is the gateway’s where the state in it is what the gateway answers', async () => {
    expect(await compared(state(1_795_414_473_274), answer(1_795_414_473_274))).toMatchObject({
      kind: 'same',
    });
  });

  test('is the stand-in’s own working directory, also after it was stopped', async () => {
    const rehearsal = await openForTest();
    const { loaded, ask } = await questionsOf(rehearsal);
    const [stop] = loaded.runbook.rollback.steps;
    if (stop === undefined) throw new Error('no step');
    expect(await sameState(loaded, stop, ask, 5_000)).toEqual({ kind: 'same' });
    meet(rehearsal, { gatewayStopped: 'operator_requested' });
    expect(await sameState(loaded, stop, ask, 5_000)).toEqual({ kind: 'same' });
  });

  test('is another one where the two differ, told with both values', async () => {
    const found = await compared(state(1), answer(2));
    expect(found).toMatchObject({ kind: 'different' });
    expect('detail' in found && found.detail).toBe(
      `${found.directory} is not the working directory of the system that gateway-status asks: /service/last_transition_unix_ms in ${STATE} is 1, but /service/service_last_transition_unix_ms in its answer is 2`,
    );
  });

  test('is not mixed up with another by values of another type', async () => {
    expect(await compared(state('5'), answer(5))).toMatchObject({ kind: 'different' });
  });

  test.each([
    ['has no state', undefined, answer(1), 200],
    ['has a state that is not JSON', '{unparsable', answer(1), 200],
    ['has a state without the value', '{}', answer(1), 200],
    ['has a state as everywhere before anything happened', state(0), answer(0), 200],
    ['has an empty text for a state', state(''), answer(''), 200],
    ['has a list for a state', state([1]), answer([1]), 200],
    ['has a number that is not exact', state(2 ** 53), answer(2 ** 53), 200],
    ['is compared with an answer without the value', state(1), answer(undefined), 200],
    ['is compared with a gateway that is in trouble', state(1), answer(1), 503],
    ['is compared with a gateway that refuses the token', state(1), answer(1), 401],
  ])('that %s is neither proven nor disproven', async (_what, ours, theirs, status) => {
    expect(await compared(ours, theirs, status)).toMatchObject({ kind: 'unknown' });
  });

  test('is looked at no longer than it is given, where the gateway hangs', async () => {
    const { loaded, ask } = await questionsOf(await openForTest(), { baseUrl: await serve(() => undefined) });
    const [stop] = loaded.runbook.rollback.steps;
    if (stop === undefined) throw new Error('no step');
    expect(await sameState(loaded, stop, ask, 50)).toEqual({
      kind: 'unknown',
      detail: 'gateway-status: gives no answer within 50 ms',
    });
  });

  test('that is a copy is found once the gateway has gone on', async () => {
    const rehearsal = await openForTest({ ...scenarioNamed('wrong-directory'), begins: {} });
    const { loaded, ask } = await questionsOf(rehearsal);
    const [stop] = loaded.runbook.rollback.steps;
    if (stop === undefined) throw new Error('no step');
    expect(await sameState(loaded, stop, ask, 5_000)).toEqual({ kind: 'same' });
    meet(rehearsal, { gatewayRestarted: true });
    expect(await sameState(loaded, stop, ask, 5_000)).toMatchObject({ kind: 'different' });
  });

  test('ends by the caller’s cancellation', async () => {
    const { loaded, ask } = await questionsOf(await openForTest(), { baseUrl: await serve(() => undefined) });
    const [stop] = loaded.runbook.rollback.steps;
    if (stop === undefined) throw new Error('no step');
    const signal = AbortSignal.timeout(50);
    await expect(sameState(loaded, stop, { ...ask, signal }, 60_000)).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});
