// Any number of targets that share one runbook: five gates over HTTP, promoted over HTTP, so that no process is started.
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { subjectDigest } from '../dist/src/adapters/evidence/ballots.js';
import { statementText } from '../dist/src/domain/statement.js';

export async function withManyTargets(use) {
  const folder = await mkdtemp(join(tmpdir(), 'promote-bench-'));
  const server = createServer((request, response) => {
    request.resume();
    response
      .setHeader('content-type', 'application/json')
      .end('{"health_state":"healthy","rollout_gate":"pass","reason_code":"cortex_ready"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const origin = `http://127.0.0.1:${server.address().port}`;
    await writeFile(join(folder, 'runbook.json'), JSON.stringify(runbook(origin)));
    const environment = {
      PATH: process.env.PATH,
      HOME: folder,
      PROMOTE_EVIDENCE_DIR: join(folder, 'evidence'),
    };
    return await use({ folder, environment });
  } finally {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The shortest watch: one sample. */
function runbook(origin) {
  return {
    v: 1,
    name: 'bench',
    gates: ['gateway', 'cortex', 'operator', 'transport', 'deployment'].map((id) => ({
      id,
      http: { url: `${origin}/${id}` },
      reader: 'tau-cortex-status',
      expect: { health: 'healthy', gate: 'pass' },
      deadline: '20s',
    })),
    approval: { approvers: ['approver@bench'] },
    promotion: { steps: [{ id: 'deploy', http: { method: 'POST', url: `${origin}/deploy` } }] },
    watch: { window: '1ms', interval: '1ms' },
    rollback: {
      triggers: { repeatedFailing: { gates: ['gateway'], rounds: 2 } },
      confirmAfter: '0s',
      steps: [
        {
          id: 'stop',
          http: { method: 'POST', url: `${origin}/stop` },
          check: { http: { url: `${origin}/stop` } },
          verify: { gate: 'gateway', expect: { gate: 'hold', reasonCodes: ['stopped'] } },
        },
      ],
    },
  };
}

/** The approval of the request that stands in a run's evidence: nobody is asked for it. */
export async function approvalOf(folder, run) {
  const evidence = join(folder, 'evidence');
  const name = (await readdir(evidence)).find((each) => each.endsWith(`-${run}`));
  const subject = JSON.parse(await readFile(join(evidence, name, 'approval-1', 'subject.json'), 'utf8'));
  const { deployment, target, request } = subject;
  const statement = {
    v: 1,
    type: 'promotion-decision.v1',
    deployment,
    target,
    at: new Date().toISOString(),
    by: 'approver@bench',
    run,
    subject: subjectDigest(subject),
    request,
    verdict: 'approve',
    comment: '',
  };
  return { statement: statementText(statement), signature: null };
}
