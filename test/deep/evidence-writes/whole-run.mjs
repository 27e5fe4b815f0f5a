// Every kind of file that a run writes, through the adapters that write them, in the order of a run: as a list of steps that
// may each be repeated, like activities. Nothing but the approval request's random bits differs from one process to the next.
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { encodePublicKey, keyidOf } from '../../../dist/src/adapters/attestation/signing-key.js';
import { recordDecision, requestApproval } from '../../../dist/src/adapters/evidence/ballots.js';
import * as checks from '../../../dist/src/adapters/evidence/checks.js';
import { appendEntry } from '../../../dist/src/adapters/evidence/journal.js';
import { changesDigest, keepChanges } from '../../../dist/src/adapters/evidence/kept-changes.js';
import { keepRunbook } from '../../../dist/src/adapters/evidence/opening.js';
import { recordGate } from '../../../dist/src/adapters/evidence/rounds.js';
import { folderName } from '../../../dist/src/adapters/evidence/run-evidence.js';
import * as samples from '../../../dist/src/adapters/evidence/samples.js';
import { sealRun } from '../../../dist/src/adapters/evidence/seal.js';
import { keepStart } from '../../../dist/src/adapters/evidence/start.js';
import * as marks from '../../../dist/src/adapters/evidence/steps.js';
import { loadRunbook } from '../../../dist/src/adapters/runbook/load.js';
import { createVerifier } from '../../../dist/src/adapters/signatures/verify.js';
import { headSchema } from '../../../dist/src/contracts/manifest.js';
import { statementText } from '../../../dist/src/domain/statement.js';
import { judge } from '../../../dist/src/domain/verdict.js';

export const TARGET = 't';
const DEPLOYMENT = 'd';
const COMMIT = 'a'.repeat(40);
const REQUESTER = 'requester@example.org';
const APPROVERS = ['approver-a@example.org', 'approver-b@example.org'];
const FIRST_OPENED = Date.parse('2026-01-02T03:04:05.678Z');
const HOUR_MS = 3_600_000;

/** The same key in every process. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
export const openKey = async () => {
  const der = Buffer.concat([PKCS8_ED25519, Buffer.alloc(32, 7)]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key);
  return {
    keyid: keyidOf(publicKey),
    publicKey: encodePublicKey(publicKey),
    sign: async (bytes) => sign(null, bytes, key),
  };
};

export function loadWrittenRunbook() {
  const sources = { set: {}, environment: { EVIDENCE_WRITES_TOKEN: 'correct-horse-battery-staple' } };
  return loadRunbook(join(import.meta.dirname, 'runbook.yaml'), sources, 'all', '/');
}

/** The target's `n`-th run, from 1. */
export function nameOf(n) {
  const opened = new Date(FIRST_OPENED + n * 60_000).toISOString();
  const run = `${opened.replaceAll(/[-:.]/g, '')}-${n.toString(16).padStart(8, '0')}`;
  return { run, openedAt: opened, folder: folderName(opened, TARGET, run) };
}

/**
 * The steps of the target's `n`-th run; each does its writes when it is called, in this order.
 *
 * @param extent `whole`: with everything that a run can write, rolled back in the end. `short`: opened, journalled and sealed.
 */
export function stepsOf(evidence, loaded, n, extent) {
  const { run, openedAt, folder } = nameOf(n);
  const { store } = evidence;
  const at = Date.parse(openedAt);
  let head = { seq: 0, digest: '' };
  const journal = (kind, body) => async () => {
    head = await appendEntry(evidence, { run, head, at: at + 1_000 * (head.seq + 1), kind, body });
  };
  const round = (name, gate, answer) => async () => {
    await recordGate(evidence, folder, name, asked(gate, answer, openedAt), 1);
  };
  const sample = (number) => async () => {
    const taken = { sample: { n: number, at: at + number, grade: 'pass' }, results: [] };
    // A watch that can't record keeps sampling, and owes the record: what it says is not repeated here.
    await samples.keep(evidence, folder, taken, [asked('gateway-status', HEALTHY, openedAt)]);
  };

  const open = [
    () => keepRunbook(store, folder, loaded),
    () => keepStart(evidence, { target: TARGET, folder, run, openedAt }, startOf(openedAt, loaded, n)),
    async () => {
      const previous = n === 1 ? null : await sealedBefore(evidence, n);
      await evidence.putJson(folder, 'run.json', recordOf(n, loaded, previous));
    },
    journal('run.opened', { target: TARGET, phase: 'validating' }),
  ];
  const seal = (end, reason) => () => sealRun(evidence, { run, end, reason, head }, openKey);
  if (extent === 'short')
    return [...open, journal('ended', { phase: 'stopped' }), seal('stopped', 'gate_hold')];

  let subject;
  const vote = (by) => async () => {
    const statement = statementText({
      v: 1,
      type: 'promotion-decision.v1',
      deployment: DEPLOYMENT,
      target: TARGET,
      at: openedAt,
      by,
      run,
      subject: subject.digest,
      request: subject.request,
      verdict: 'approve',
      comment: '',
    });
    const submission = { statement, signature: null };
    const { refusal, file } = await recordDecision(
      evidence,
      verify,
      loaded,
      { run, epoch: 1, submission },
      at,
    );
    if (refusal !== undefined) throw new Error(`the decision was refused: ${refusal}`);
    await journal('decision-recorded', { by, file })();
  };
  return [
    ...open,
    () => checks.keep(evidence, folder, checks.PREREQUISITES, { problems: [], waived: [] }),
    round('validation-1', 'gateway-status', '{"status":"stopped"}'),
    journal('round', { round: 'validation-1', phase: 'remediating' }),
    async () => {
      const output = probed('started', 'slowly');
      await marks.noteOutput(store, folder, 'remediation-1/gateway-start', 1, output);
      const tried = [{ code: 'done', detail: '', probed: output }];
      await marks.noteRepair(evidence, folder, 'remediation-1/gateway-start', 1, tried);
    },
    round('validation-2', 'gateway-status', HEALTHY),
    round('validation-2', 'deployment-status', LONG),
    async () => {
      const kept = await keepChanges(evidence, folder, 1, CHANGES);
      await journal('changes', { digest: changesDigest(kept) })();
    },
    () => checks.keep(evidence, folder, checks.rollbackCheckOf('approval-1'), { problems: [], waived: [] }),
    async () => {
      const request = { run, epoch: 1, round: 'validation-2', head, expiresAt: at + HOUR_MS };
      subject = await requestApproval(evidence, request);
    },
    journal('approval-requested', { phase: 'awaiting-approval' }),
    ...APPROVERS.map(vote),
    round('preflight-1', 'gateway-status', HEALTHY),
    journal('step-started', { step: 'environment-branch', phase: 'promoting' }),
    () => marks.noteBegun(store, folder, 'environment-branch'),
    () =>
      evidence.putJson(folder, 'promotion/environment-branch.intent.json', {
        v: 1,
        step: 'environment-branch',
        remote: '/nowhere/remote.git',
        branch: 'production',
        commit: COMMIT,
        formerTip: 'b'.repeat(40),
        newTip: COMMIT,
      }),
    () => marks.noteOutput(store, folder, 'promotion/environment-branch', 1, probed('pushed', '')),
    () => marks.noteDone(store, folder, 'environment-branch'),
    journal('promoted', { phase: 'watching' }),
    sample(1),
    sample(2),
    () => marks.noteRollbackBegun(store, folder),
    journal('rollback-begun', { trigger: 'requested', attempt: 1, phase: 'rolling-back' }),
    () => marks.noteActing(store, folder, 'deployment-revert', 1),
    () =>
      marks.ifPossible(() =>
        evidence.putJson(folder, 'rollback/deployment-revert.1.json', { v: 1, verified: true }),
      ),
    journal('rollback-step', ROLLED_BACK),
    journal('ended', { phase: 'rolled-back' }),
    seal('rolled-back', 'requested'),
  ];
}

/** Names decide where nobody has to sign, so that ssh-keygen is never asked. */
const verify = createVerifier({ searchPath: '/nowhere' });

const HEALTHY = '{"status":"running"}';
/** More than one page, so that a file may be half on the disk. */
const LONG = JSON.stringify(readFileSync(import.meta.filename, 'utf8').repeat(3));

const ROLLED_BACK = {
  step: 'deployment-revert',
  attempt: 1,
  verified: true,
  code: 'verified',
  detail: '',
  byHand: [],
};

const CHANGES = {
  v: 1,
  since: null,
  base: null,
  commits: [],
  moreCommits: 0,
  leftOut: 0,
  commitsProblem: 'nowhere',
  runbook: { was: null, paths: [], morePaths: 0 },
};

function recordOf(n, { digest, policy }, previous) {
  return {
    v: 1,
    run: nameOf(n).run,
    deployment: DEPLOYMENT,
    target: TARGET,
    commit: COMMIT,
    subjectLine: 'Serve version 2',
    requester: REQUESTER,
    reason: 'test',
    openedAt: nameOf(n).openedAt,
    runbook: digest,
    policy,
    previous,
    rolledBack: null,
    again: false,
    workflow: { id: `promotion/${TARGET}`, firstExecutionRunId: 'first' },
  };
}

function startOf(openedAt, { digest }, n) {
  const statement = statementText({
    v: 1,
    type: 'promotion-start.v1',
    deployment: DEPLOYMENT,
    target: TARGET,
    at: openedAt,
    by: REQUESTER,
    commit: COMMIT,
    runbook: digest,
    reason: 'test',
    previous: null,
    nonce: n.toString(16).padStart(32, '0'),
  });
  const submission = { statement, signature: 'a signature that nobody checks here' };
  return { submission, receivedAt: Date.parse(openedAt), identity: 'signed', key: 'SHA256:none' };
}

/** Also where this run was sealed before the process was lost: the place of the `n`-th head is its own. */
async function sealedBefore(evidence, n) {
  const path = `${TARGET}/${String(n - 1).padStart(8, '0')}.json`;
  const { run, manifest, end } = await evidence.readJson('heads', path, headSchema);
  return { run, manifest, end };
}

function asked(gate, answer, openedAt) {
  const observation = { kind: 'unreachable', code: 'http_refused', detail: 'nobody there' };
  return {
    result: judge(gate, observation, { health: 'healthy', gate: 'pass' }),
    askedAt: openedAt,
    durationMs: 3,
    tries: [{ startedAt: openedAt, durationMs: 3, outcome: 'answered' }],
    redactions: {},
    presentBefore: {},
    status: 200,
    exitCode: null,
    files: [{ name: `${gate}.json`, bytes: Buffer.from(answer) }],
  };
}

function probed(stdout, stderr) {
  return {
    body: Buffer.from(stdout),
    stderr: Buffer.from(stderr),
    tries: [],
    redactions: {},
    presentBefore: {},
  };
}
