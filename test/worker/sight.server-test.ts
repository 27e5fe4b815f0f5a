import { randomBytes } from 'node:crypto';

import { expect, inject, onTestFinished, test } from 'vitest';
import { request } from 'undici';
import { z } from 'zod';

import { claimPort } from '../../src/engine/ports.js';
import { PHASES } from '../../src/domain/phase.js';
import { promote, startPart, surroundingsOf } from '../support/command-line.js';
import { figuresIn, type Figures } from '../support/figures.js';
import { byteText, found, spellings } from '../support/secret-search.js';
import { withStage } from '../support/stage.js';

/**
 * Proves on a real worker process that a promotion which is rolled back, and one that is refused, show in its metrics with the
 * values that they must have and in its log with the fields that it promises, and a secret in neither; and that the process is
 * ready while it works. What becomes of readiness without a server is shown by test/worker/health.deep-test.ts.
 */
const address = inject('temporalAddress');

test(
  'a worker shows what happened in figures and lines, without a secret, and whether it is ready',
  { timeout: 120_000 },
  async () => {
    await withStage({ address, scenario: 'failing-after-promotion', worker: false }, async (stage) => {
      const secret = `s/${randomBytes(9).toString('hex')}" é`;
      const [metricsPort, healthPort] = [await claimPort(undefined), await claimPort(undefined)];
      const { cwd, environment } = await surroundingsOf(stage);
      const surroundings = {
        cwd,
        environment: {
          ...environment,
          PROMOTE_LOG: 'json',
          PROMOTE_METRICS_ADDRESS: `127.0.0.1:${metricsPort}`,
          PROMOTE_HEALTH_ADDRESS: `localhost:${healthPort}`,
          CANARY_TOKEN: secret,
        },
      };
      const worker = await startPart(surroundings, 'worker');
      onTestFinished(() => worker.kill());
      const ask = async (path: string): Promise<{ status: number; body: unknown }> => {
        const { statusCode, body } = await request(`http://127.0.0.1:${healthPort}${path}`);
        return { status: statusCode, body: await body.json() };
      };
      await expect.poll(() => ask('/readyz')).toEqual({ status: 200, body: { status: 'ok' } });
      expect(await ask('/livez')).toEqual({ status: 200, body: { status: 'ok' } });
      expect((await ask('/')).status).toBe(404);

      const other = await promote(surroundings, 'worker');
      expect(other).toMatchObject({ exitCode: 2, stdout: '' });
      expect(other.stderr).toBe(
        `promote: PROMOTE_METRICS_ADDRESS: something else listens on 127.0.0.1:${metricsPort}: end it, or give another port\n`,
      );

      await stage.start();
      await stage.decide();
      const rolledBack = await stage.result();
      expect(rolledBack).toMatchObject({ end: 'rolled-back', trigger: 'repeated_failing' });
      await stage.start({ again: true, reason: `it was ${secret}` });
      expect(await stage.result()).toMatchObject({ end: 'stopped', run: '' });

      const metrics = await (await request(`http://127.0.0.1:${metricsPort}/metrics`)).body.text();
      expectFigures(figuresIn(metrics), stage.target, rolledBack.run);
      expect(await worker.end()).toBe(0);
      await expect(ask('/livez')).rejects.toThrow('ECONNREFUSED');

      const lines = worker
        .stderr()
        .trim()
        .split('\n')
        .map((line) => lineSchema.parse(JSON.parse(line)));
      expectLines(lines, stage.target, rolledBack.run);
      const token = environment['TAU_OPERATOR_AUTH_TOKEN'] ?? '';
      expect(token).not.toBe('');
      const texts = [
        { name: 'metrics', text: byteText(metrics) },
        { name: 'log', text: byteText(worker.said()) },
      ];
      expect(found(texts, [...spellings(secret), ...spellings(token)])).toEqual([]);
      expect(found(texts, [stage.target])).toHaveLength(2);
    });
  },
);

function expectFigures(figures: Figures, target: string, run: string): void {
  const phases = Object.fromEntries(
    PHASES.map((phase) => [phase, figures.sum('promote_phase_entered_total', { target, phase })]),
  );
  expect(phases).toEqual({
    // Preflight is one more.
    validating: 2,
    remediating: 0,
    'awaiting-approval': 1,
    promoting: 1,
    watching: 1,
    'rolling-back': 1,
    'rollback-failed': 0,
  });
  const deployment = 'local';
  const sum = figures.sum;
  expect(sum('promote_ended_total', { deployment, target, end: 'rolled-back' })).toBe(1);
  expect(sum('promote_ended_total', { target, end: 'stopped' })).toBe(1);
  expect(sum('promote_ended_total', { target })).toBe(2);
  expect(sum('promote_rollbacks_total', { target, trigger: 'repeated_failing' })).toBe(1);
  expect(sum('promote_rollbacks_total', { target })).toBe(1);
  const failing = sum('promote_watch_samples_total', { target, grade: 'failing' });
  const samples = sum('promote_watch_samples_total', { target });
  expect(failing).toBe(2);
  // A validation, a preflight and each sample ask every gate once.
  expect(sum('promote_gate_verdicts_total', { target, gate: 'gateway-status' })).toBe(2 + samples);
  expect(sum('promote_gate_verdicts_total', { target, gate: 'gateway-status', verdict: 'hold' })).toBe(
    failing,
  );
  expect(sum('promote_gate_seconds_count', { target, gate: 'gateway-status' })).toBe(2 + samples);
  expect(sum('promote_approval_wait_seconds_count', { target, outcome: 'approved' })).toBe(1);
  expect(sum('promote_approval_wait_seconds_bucket', { target, le: '604800' })).toBe(1);
  expect(figures.max('promote_watch_sampled_timestamp_seconds', { target, run })).toBeCloseTo(
    Date.now() / 1_000,
    -2,
  );
  // The watch is over: whoever looks for one that nobody samples passes it by.
  expect(figures.max('promote_watch_sample_due_timestamp_seconds', { target, run })).toBe(1e12);
  for (const kind of ['run', 'gate', 'approval', 'journal', 'sample', 'step', 'seal'])
    expect(sum('promote_evidence_write_seconds_count', { kind }), kind).toBeGreaterThan(0);
  for (const phase of PHASES)
    expect(figures.max('promote_open_promotions', { deployment, phase }), phase).toBeDefined();
  expect(figures.max('promote_approvals_expiring', {})).toBe(0);
  expect(figures.max('promote_open_promotions_counted_timestamp_seconds', {})).toBeGreaterThan(1e9);
  // What the alerts take from Temporal's own.
  expect(
    figures.max('temporal_worker_task_slots_available', { worker_type: 'ActivityWorker' }),
  ).toBeGreaterThan(0);
}

const lineSchema = z.looseObject({
  level: z.enum(['trace', 'debug', 'info', 'warn', 'error']),
  time: z.iso.datetime(),
  msg: z.string(),
  worker: z.string(),
});

function expectLines(lines: readonly z.infer<typeof lineSchema>[], target: string, run: string): void {
  const of = (msg: string) => lines.filter((line) => line.msg === msg);
  expect(of('worker ready')).toHaveLength(1);
  expect(of('worker ends')).toHaveLength(1);
  expect(of('phase').map(({ phase }) => phase)).toEqual([
    'validating',
    'awaiting-approval',
    'validating',
    'promoting',
    'watching',
    'rolling-back',
    'rolled-back',
  ]);
  for (const line of of('phase')) expect(line).toMatchObject({ level: 'info', target, run });
  expect(of('gate')).toContainEqual(
    expect.objectContaining({
      target,
      run,
      round: 'validation-1',
      gate: 'gateway-status',
      verdict: 'pass',
      activity: 'askRound',
      attempt: 1,
      workflowId: `promotion/${target}`,
    }),
  );
  expect(of('gate')).toContainEqual(
    expect.objectContaining({ target, gate: 'gateway-status', verdict: 'hold', activity: 'watchSegment' }),
  );
  expect(of('decision-accepted')).toMatchObject([{ target, by: 'approver@rehearsal', verdict: 'approve' }]);
  expect(of('step-promoted')).toMatchObject([{ target, phase: 'watching' }]);
  expect(of('rollback-step').map(({ verified }) => verified)).not.toContain(false);
  expect(of('rollback-step').length).toBeGreaterThan(0);
  expect(of('ended')).toMatchObject([
    { target, run, end: 'rolled-back' },
    { target, run: '', end: 'stopped' },
  ]);
}
