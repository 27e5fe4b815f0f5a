import { recordDecision, requestApproval } from '../../../src/adapters/evidence/ballots.js';
import { appendEntry, type JournalHead } from '../../../src/adapters/evidence/journal.js';
import { keepChanges } from '../../../src/adapters/evidence/kept-changes.js';
import { recordGate } from '../../../src/adapters/evidence/rounds.js';
import * as samples from '../../../src/adapters/evidence/samples.js';
import type { AskedGate } from '../../../src/adapters/gates/ask.js';
import type { Verify } from '../../../src/adapters/signatures/verify.js';
import type { Json } from '../../../src/domain/canonical-json.js';
import { statementText } from '../../../src/domain/statement.js';
import { judge, type GateResult } from '../../../src/domain/verdict.js';
import type { Sample, SampleGrade } from '../../../src/domain/watch.js';
import { APPROVER_A, APPROVER_B, load, smallRunbook } from '../runbook/written-runbook.js';
import { COMMIT, HOUR_MS, OPENED_MS, openRun, RUN, type OpenedRun } from './opened-run.js';

const GATE = 'gateway-status';
const EXPECTED = { health: 'healthy', gate: 'pass' } as const;
const AFTER_WATCH_MS = 60_000;

export interface ToldRun extends OpenedRun {
  readonly head: JournalHead;
}

/**
 * A run with everything in it that a report tells: two rounds with two repairs in between, a changed runbook, two
 * decisions, a refusal, a promotion, a watch that fails, and a rollback that a person had to end.
 *
 * @param outside stands before every text that can come from outside
 */
export async function openToldRun(outside = ''): Promise<ToldRun> {
  const say = (text: string): string => `${outside}${text}`;
  const opened = await openRun({
    loaded: await load(
      smallRunbook({
        approval: { approvers: [APPROVER_A, APPROVER_B], required: 2 },
        remediation: {
          repairs: [
            {
              id: 'gateway-start',
              helps: { [GATE]: ['service_stopped'] },
              command: { argv: ['tau-gateway', say('--start')] },
            },
          ],
        },
        owners: [{ name: say('gateway team'), contact: say('#gateway'), gates: [GATE] }],
        relatedRunbooks: [{ path: say('docs/gateway-ops.md') }],
      }),
    ),
    record: {
      subjectLine: say('Serve version 2').slice(0, 256),
      reason: say('the gateway leaks memory'),
      previous: {
        run: '20260101T030405678Z-00000000',
        manifest: `sha256:${'4'.repeat(64)}`,
        end: 'rolled-back',
      },
      rolledBack: { run: '20260101T030405678Z-00000000', commit: 'b'.repeat(40), end: 'rolled-back' },
      again: true,
    },
  });
  const journal = new Story(opened);
  await tellGates(opened, journal, say);
  await tellApproval(opened, journal, say);
  await tellPromotion(opened, journal, say);
  return { ...opened, head: journal.head };
}

class Story {
  readonly #opened: OpenedRun;
  head: JournalHead = { seq: 0, digest: '' };

  constructor(opened: OpenedRun) {
    this.#opened = opened;
  }

  get now(): number {
    return OPENED_MS + (this.head.seq + 1) * 1_000;
  }

  async add(kind: string, body: Json): Promise<void> {
    const { evidence } = this.#opened;
    this.head = await appendEntry(evidence, { run: RUN, head: this.head, at: this.now, kind, body });
  }
}

type Say = (text: string) => string;

function answer(
  health: 'healthy' | 'degraded' | 'failing',
  reasonCodes: readonly string[],
  say: Say,
): AskedGate {
  const gate = health === 'healthy' ? 'pass' : 'hold';
  const observation = {
    kind: 'answered',
    posture: { health, gate, reasonCodes },
    recommendations: [say('start the gateway')],
  } as const;
  return {
    result: { ...judge(GATE, observation, EXPECTED), detail: say('as it was told') },
    askedAt: new Date(OPENED_MS).toISOString(),
    durationMs: 12,
    tries: [],
    redactions: {},
    presentBefore: {},
    status: 200,
    exitCode: null,
    files: [{ name: `${GATE}.json`, bytes: Buffer.from('{}') }],
  };
}

function bodyOf({ gate, kind, verdict, health, rolloutGate, reasonCodes }: GateResult): Json {
  return { gate, kind, verdict, health, rolloutGate, reasonCodes: [...reasonCodes] };
}

async function tellGates({ evidence, folder }: OpenedRun, journal: Story, say: Say): Promise<void> {
  await journal.add('run.opened', { target: 't' });
  await journal.add('prerequisites-checked', { problems: [say('git is too old')], phase: 'validating' });
  const round = async (name: string, asked: AskedGate, kind = 'round-closed'): Promise<void> => {
    await recordGate(evidence, folder, name, asked, 1);
    await journal.add(kind, {
      round: name,
      gates: [bodyOf(asked.result)],
      triggers: [],
      notRollbackable: kind === 'preflight-closed' ? [say('deployment-revert: remote_unreachable')] : [],
      phase: 'validating',
    });
  };
  await round('validation-1', answer('degraded', ['service_stopped', say('odd_code')], say));
  await journal.add('repaired', {
    round: 'remediation-1',
    repair: 'gateway-start',
    gates: [GATE],
    code: 'command_failed',
    attempts: 2,
  });
  await journal.add('manual-repair-awaited', {
    round: 'remediation-1',
    repair: 'manual',
    gates: [GATE],
    deadlineMs: 900_000,
    manual: say('restart the host'),
  });
  await journal.add('manual-repair-ended', { round: 'remediation-1', repair: 'manual', done: true });
  await journal.add('remediation-done', { attempted: [GATE], phase: 'validating' });
  await round('validation-2', answer('healthy', ['guardrail_checks_passing'], say));
  await round('preflight-1', answer('healthy', ['guardrail_checks_passing'], say), 'preflight-closed');
}

/** Nothing is signed here. */
const noSignatures: Verify = () => Promise.reject(new Error('no signature is to be checked'));

async function tellApproval(
  { evidence, folder, loaded }: OpenedRun,
  journal: Story,
  say: Say,
): Promise<void> {
  await keepChanges(evidence, folder, 1, {
    v: 1,
    since: {
      run: '20260101T030405678Z-00000000',
      commit: 'c'.repeat(40),
      promotedAt: '2026-01-01T03:04:05.678Z',
    },
    base: { kind: 'promotion', commit: 'c'.repeat(40) },
    commits: [{ hash: COMMIT, subject: say('Serve version 2').slice(0, 100) }],
    moreCommits: 0,
    leftOut: 0,
    commitsProblem: null,
    runbook: {
      was: `sha256:${'5'.repeat(64)}`,
      paths: [{ path: 'watch.window', before: '600000', after: say('900000').slice(0, 100) }],
      morePaths: 0,
    },
  });
  await journal.add('rollback-checked', {
    epoch: 1,
    problems: [],
    waived: [say('gateway-stop: unreachable')],
  });
  const expiresAt = OPENED_MS + 4 * HOUR_MS;
  const asked = await requestApproval(evidence, {
    run: RUN,
    epoch: 1,
    round: 'validation-2',
    head: journal.head,
    expiresAt,
  });
  await journal.add('approval-requested', { epoch: 1, subject: asked.digest, expiresAt });
  await journal.add('refused', {
    by: say('stranger@example.org'),
    what: say('approve'),
    reason: say('not_an_approver'),
  });
  for (const by of [APPROVER_A, APPROVER_B]) {
    const receivedAt = journal.now;
    const statement = statementText({
      v: 1,
      type: 'promotion-decision.v1',
      deployment: 'd',
      target: 't',
      at: new Date(receivedAt).toISOString(),
      by,
      run: RUN,
      subject: asked.digest,
      request: asked.request,
      verdict: 'approve',
      // A statement holds no control and no bidi character; nothing else is kept from it.
      comment: say(`looks good to ${by}`).replaceAll(/[\p{Cc}\u202a-\u202e]/gu, ''),
    });
    const submission = { statement, signature: null };
    const taken = await recordDecision(
      evidence,
      noSignatures,
      loaded,
      { run: RUN, epoch: 1, submission },
      receivedAt,
    );
    if (taken.refusal !== undefined) throw new Error(`the decision of ${by} is refused: ${taken.refusal}`);
    await journal.add('decision-accepted', {
      by,
      verdict: 'approve',
      subject: asked.digest,
      file: taken.file,
      receivedAt,
      identity: by === APPROVER_A ? 'signed' : 'asserted',
      key: by === APPROVER_A ? say('SHA256:abcdef') : null,
    });
  }
  await journal.add('approved', { phase: 'promoting' });
}

function taken(n: number, grade: SampleGrade): Sample {
  return { n, at: OPENED_MS + AFTER_WATCH_MS + n * 15_000, grade };
}

async function tellPromotion({ evidence, folder }: OpenedRun, journal: Story, say: Say): Promise<void> {
  await evidence.putJson(folder, 'promotion/environment-branch.intent.json', {
    v: 1,
    step: 'environment-branch',
    remote: '/nowhere/remote.git',
    branch: say('production').slice(0, 256),
    commit: COMMIT,
    formerTip: 'd'.repeat(40),
    newTip: COMMIT,
  });
  await journal.add('step-started', { step: 'environment-branch' });
  await journal.add('step-promoted', {
    step: 'environment-branch',
    promotedAt: journal.now,
    phase: 'watching',
  });
  const failing = answer('failing', [say('stopped'), 'service_stopped'], say);
  const grades: readonly SampleGrade[] = ['pass', 'pass', 'failing', 'unreachable', 'failing'];
  for (const [index, grade] of grades.entries())
    if (grade === 'failing')
      await samples.keep(evidence, folder, { sample: taken(index + 1, grade), results: [] }, [failing]);
  const ranges = grades.map((grade, index) => {
    const { n, at } = taken(index + 1, grade);
    return { from: n, to: n, fromAt: at, toAt: at, grade };
  });
  const trigger = 'repeated_failing';
  await journal.add('sampled', { samples: ranges, recorded: true, trigger, phase: 'rolling-back' });
  await journal.add('order-accepted', {
    by: APPROVER_A,
    action: 'rollback',
    reason: say('it fails'),
    at: new Date(journal.now).toISOString(),
    identity: 'asserted',
    statement: say('{"long":1}'),
    signature: null,
  });
  const step = (attempt: number, verified: boolean): Json => ({
    step: 'deployment-revert',
    attempt,
    verified,
    code: verified ? 'verified' : 'push_rejected',
    detail: say(`production at attempt ${attempt}`),
    byHand: verified ? [] : [say(`git push origin HEAD:refs/heads/attempt-${attempt}`)],
  });
  for (const attempt of [1, 2]) {
    await journal.add('rollback-begun', { attempt, trigger, triggers: [trigger] });
    await journal.add('rollback-step', step(attempt, false));
    await journal.add('rollback-tried', {
      unverified: [say('deployment-revert: push_rejected')],
      attempt,
      phase: 'rollback-failed',
    });
  }
  await journal.add(say('odd-kind'), { [say('key')]: [{ deep: say('value') }], at: 1, other: say('x') });
  await journal.add('run.ended', { end: 'rollback-acknowledged', reason: 'rollback-acknowledged' });
}
