import type { AttestedDecision, AttestedRun } from '../../../src/contracts/attested-run.js';

const sha = (digit: string): string => `sha256:${digit.repeat(64)}`;
export const SUBJECT = sha('4');

export const approvedBy = (name: string, minute: number): AttestedDecision => ({
  by: `${name}@example.org`,
  verdict: 'approve',
  subject: SUBJECT,
  identity: 'signed',
  key: `SHA256:${name}`,
  receivedAt: `2026-01-02T03:0${minute}:00.000Z`,
});

/** Promoted after two signed approvals, with a predecessor. */
export const PROMOTED: AttestedRun = {
  deployment: 'tau-eu',
  target: 'tau-production',
  run: '20260102T030405678Z-5f0c2a9e',
  commit: 'a'.repeat(40),
  runbook: sha('1'),
  policy: sha('2'),
  end: 'promoted',
  reason: 'watch_passed',
  trigger: null,
  openedAt: '2026-01-02T03:04:05.678Z',
  endedAt: '2026-01-02T03:20:00.000Z',
  journal: { seq: 12, head: sha('3') },
  manifest: sha('5'),
  previous: { run: '20260101T000000000Z-00000001', manifest: sha('6') },
  requester: { by: 'carol@example.org', identity: 'signed', key: 'SHA256:carol' },
  decisions: [approvedBy('alice', 5), approvedBy('bob', 6)],
  rollback: null,
  round: {
    name: 'preflight-1',
    results: [
      { gate: 'gateway-status', verdict: 'pass' },
      { gate: 'cortex-status', verdict: 'pass' },
    ],
  },
  approval: { subject: SUBJECT, required: 2, at: '2026-01-02T03:06:00.000Z' },
};

/** Every optional part of the other kind: rolled back, nobody decided, no predecessor. */
export const ROLLED_BACK: AttestedRun = {
  ...PROMOTED,
  end: 'rolled-back',
  reason: 'repeated_failing',
  trigger: 'repeated_failing',
  previous: null,
  rollback: {
    steps: [
      { step: 'revert', verified: true },
      { step: 'stop', verified: true },
    ],
    verified: true,
  },
};
