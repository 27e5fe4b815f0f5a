import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, inject, test } from 'vitest';
import type { Document } from 'yaml';
import { z } from 'zod';

import { setStage, type Stage } from '../support/stage.js';
import { CI_TOKEN, openWebService, type WebService } from '../support/web-service.js';

/**
 * Proves that a runbook which is not Tau's goes from start to each end, on the real server, with no code of its own: the
 * shipped web-service runbook against a real HTTP server with its three endpoints and a real git remote. The stand-in
 * says what such systems say; that they say it is theirs to prove.
 */
const address = inject('temporalAddress');

async function withWebService(
  run: (stage: Stage<WebService>, service: WebService) => Promise<void>,
  change?: (runbook: Document, folder: string) => void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-web-'));
  const service = await openWebService(folder, (runbook) => change?.(runbook, folder));
  const stage = await setStage(folder, service, { address });
  try {
    await stage.startWorker();
    await run(stage, service);
  } finally {
    await stage.close();
  }
}

const outcome = z.object({
  gate: z.string(),
  verdict: z.string(),
  reasonCodes: z.array(z.string()),
  files: z.array(z.object({ path: z.string() })),
});

/** A gate's outcome in a round, and the answer that came, from the evidence. */
async function kept({ config }: Stage<WebService>, round: string, gate: string) {
  const [run = ''] = await readdir(config.evidenceDir);
  const read = (path: string) => readFile(join(config.evidenceDir, run, path), 'utf8');
  const told = outcome.parse(JSON.parse(await read(`${round}/${gate}.outcome.json`)));
  const answer: unknown = JSON.parse(await read(told.files[0]?.path ?? ''));
  return { told, answer };
}

test('a good release is promoted, and every gate’s answer stands in the evidence', () =>
  withWebService(async (stage, service) => {
    await stage.start();
    expect(await stage.decide()).toMatchObject({ accepted: true });
    expect(await stage.result()).toMatchObject({ end: 'promoted' });
    expect(service.remote.tip()).toBe(service.commit);

    for (const round of ['validation-1', 'preflight-1']) {
      expect(await kept(stage, round, 'health')).toMatchObject({
        told: { verdict: 'pass', reasonCodes: ['health_healthy'] },
        answer: { status: 'pass', releaseId: service.formerTip },
      });
      expect(await kept(stage, round, 'error-rate')).toMatchObject({
        told: { verdict: 'pass', reasonCodes: ['health_healthy'] },
        answer: { data: { result: [{ value: [1_700_000_000.5, '0'] }] } },
      });
      // The commit that is promoted is the one that was asked about.
      expect(await kept(stage, round, 'checks')).toMatchObject({
        told: { verdict: 'pass', reasonCodes: ['checks_passed'] },
        answer: { state: 'success', sha: service.commit },
      });
    }
    const { events } = await stage.handle.fetchHistory();
    expect(JSON.stringify(events)).not.toContain(CI_TOKEN);
    const rate = 'sum(rate(http_requests_total{job="web"}[5m]))';
    const failed = 'sum(rate(http_requests_total{job="web",code=~"5.."}[5m]))';
    expect([...service.queries]).toEqual([
      `(${failed} or 0 * ${rate}) > bool 0.01 * ${rate} and ${rate} > 0`,
    ]);
  }));

test('a release that fails in the watch is rolled back, proven by the branch, and works again', () =>
  withWebService(async (stage, service) => {
    service.breakWith(service.commit);
    await stage.start();
    await stage.decide();
    expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'repeated_failing' });

    const { remote, commit, formerTip } = service;
    expect(remote.tip()).not.toBe(formerTip);
    expect(remote.tree(remote.tip())).toBe(remote.tree(formerTip));
    expect(remote.git('merge-base', '--is-ancestor', commit, remote.tip())).toBe('');
    const samples = (await stage.view()).gates;
    expect(samples).toContainEqual(expect.objectContaining({ gate: 'error-rate', failing: true }));
    expect(samples).toContainEqual(expect.objectContaining({ gate: 'checks', verdict: 'pass' }));
  }));

test.each([
  {
    name: 'red checks',
    set: (service: WebService) => service.checks('failure'),
    gate: 'checks',
    codes: ['checks_failed', 'health_not_expected', 'gate_not_expected'],
  },
  {
    name: 'a Prometheus without data',
    set: (service: WebService) => service.scraped(false),
    gate: 'error-rate',
    codes: ['health_no_data', 'health_not_expected', 'gate_not_expected'],
  },
])('$name stop it after a person had time to look, and nothing is promoted', ({ set, gate, codes }) =>
  withWebService(async (stage, service) => {
    set(service);
    await stage.start();
    expect(await stage.result()).toMatchObject({ end: 'stopped', reason: 'gate_hold' });
    expect(service.remote.tip()).toBe(service.formerTip);
    expect((await kept(stage, 'validation-2', gate)).told.reasonCodes).toEqual(codes);
  }),
);

/** A command that fails the first time, and two things for a person: one with the runbook's words, one without. */
function withRepairs(runbook: Document, folder: string): void {
  const once = `if test -e '${folder}/ran'; then echo second; else touch '${folder}/ran'; echo first; exit 1; fi`;
  runbook.setIn(
    ['remediation', 'repairs'],
    [
      {
        id: 'run-checks-again',
        helps: { checks: ['checks_failed'] },
        command: { argv: ['sh', '-c', once] },
        attempts: 3,
        backoff: '50ms',
      },
      {
        id: 'look-at-prometheus',
        helps: { 'error-rate': ['health_no_data'] },
        manual: { text: 'See why Prometheus scrapes nothing.', deadline: '10m' },
      },
    ],
  );
  runbook.setIn(['remediation', 'manual', 'deadline'], '10m');
}

test('what holds is repaired by a command that is tried again, and by a person who is told what to do', () =>
  withWebService(async (stage, service) => {
    service.checks('failure');
    service.scraped(false);
    service.breakWith(service.formerTip);
    await stage.start();

    const told: (string | undefined)[] = [];
    for (const repair of ['manual', 'look-at-prometheus']) {
      const { manual } = await stage.until((seen) => seen.manual?.repair === repair);
      told.push(manual?.text);
      service.checks('success');
      service.scraped(true);
      service.breakWith('');
      expect(await stage.order('remediated')).toMatchObject({ accepted: true });
    }
    expect(told).toEqual(['find out why it holds, and put it right', 'See why Prometheus scrapes nothing.']);
    await stage.until((seen) => seen.approval !== undefined);

    const [run = ''] = await readdir(stage.config.evidenceDir);
    const read = (file: string) =>
      readFile(join(stage.config.evidenceDir, run, 'remediation-1', file), 'utf8');
    expect(await read('run-checks-again.out.txt')).toBe('first\n');
    expect(await read('run-checks-again.try-2.out.txt')).toBe('second\n');
    expect(JSON.parse(await read('run-checks-again.repair.json'))).toMatchObject({
      attempts: [{ code: 'command_failed' }, { code: 'done' }],
    });
    const { log } = await stage.view();
    expect(log.map(({ text }) => text)).toContain('run-checks-again for checks: done after 2 attempts');
  }, withRepairs));
