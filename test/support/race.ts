import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { WorkflowNotFoundError } from '@temporalio/client';

import { codeOf, GRPC } from '../../src/client/grpc.js';
import type { PromotionView } from '../../src/domain/messages.js';
import { isEnd } from '../../src/domain/phase.js';
import { parseControl, parseDecision, type Submission } from '../../src/domain/statement.js';
import { control, decide, decideSignal } from '../../workflows/messages.js';
import type { Spoken } from './race-model.js';
import { raceRunbook, REQUESTER, type RacePlan, type Shot } from './race-plan.js';
import { serveScript } from './scripted-system.js';
import type { Play, Stage } from './stage.js';

/** A race as it was run. */
export interface Raced {
  readonly view: PromotionView;
  readonly end: { readonly end: string; readonly reason: string; readonly trigger: string | null };
  readonly spoken: readonly Spoken[];
  /** The promotion step was carried out. */
  readonly promoted: string;
}

/** A shot, ready to be fired. */
interface Loaded {
  readonly says: Spoken['says'];
  readonly submission: Submission;
  readonly way: Shot['way'];
}

/** Runs one race on the stage's target, whose runbook stands in `runbookFile`. */
export async function runRace(stage: Stage<Play>, race: RacePlan, runbookFile: string): Promise<Raced> {
  const mark = join(stage.folder, `${stage.target}-mark`);
  const promoted = join(stage.folder, `${stage.target}-promoted`);
  const questions = new Signpost();
  const system = await serveScript(race.rounds, [], mark, (nth) => questions.pass(nth));
  try {
    const { serviceUrl, brakeUrl } = system;
    await writeFile(runbookFile, raceRunbook(race, { serviceUrl, brakeUrl, mark, promoted }));
    return { ...(await play(stage, race, questions)), promoted };
  } finally {
    await system.close();
  }
}

async function play(
  stage: Stage<Play>,
  race: RacePlan,
  questions: Signpost,
): Promise<Omit<Raced, 'promoted'>> {
  await stage.start({ requester: REQUESTER });
  const spoken: Spoken[] = [];
  const result = stage.result();
  const ended = Promise.allSettled([result]);
  const shots: Promise<void>[] = [];
  let before: Loaded[] = [];
  for (const wave of race.waves) {
    const asked = await askedAnew(stage, before);
    if (asked === undefined) break;
    const loaded = await load(stage, wave, asked, before);
    const fired = fire(stage, { wave, loaded, asked, spoken, questions, ended });
    shots.push(...fired);
    // Those that wait for a question may wait for one that only more votes bring.
    await Promise.all(fired.filter((_, index) => wave[index]?.when.at !== 'question'));
    if (race.expiresMs === undefined) await decideAtLast(stage, race, asked, spoken);
    before = loaded;
  }
  const { end, reason, trigger } = await result;
  await Promise.all(shots);
  return { view: await stage.view(), end: { end, reason, trigger }, spoken };
}

/** The next approval request, or undefined where the promotion ends without one. */
async function askedAnew(stage: Stage<Play>, before: readonly Loaded[]): Promise<PromotionView | undefined> {
  const subjects = before.flatMap(({ says }) => (says.what === 'decision' ? [says.statement.subject] : []));
  const seen = await stage.until(
    ({ phase, approval }) =>
      isEnd(phase) ||
      phase === 'watching' ||
      phase === 'rolling-back' ||
      (phase === 'awaiting-approval' && approval !== undefined && !subjects.includes(approval.digest)),
    // Each look is a task of the worker, which has others.
    150,
  );
  return seen.phase === 'awaiting-approval' ? seen : undefined;
}

const LONG_AGO_MS = 3_600_000;

async function load(
  stage: Stage<Play>,
  wave: readonly Shot[],
  asked: PromotionView,
  before: readonly Loaded[],
): Promise<Loaded[]> {
  const loaded: Loaded[] = [];
  const { approval } = asked;
  const earlier = before.flatMap(({ says }) => (says.what === 'decision' ? [says.statement] : []))[0];
  for (const [index, { says, way }] of wave.entries()) {
    const now = new Date();
    if (says.what === 'again') {
      const again = loaded[says.shot];
      if (again === undefined) throw new Error('a race repeats only what was said before');
      loaded.push({ ...again, way });
    } else if (says.what === 'cancel')
      loaded.push({ says, submission: { statement: '', signature: null }, way });
    else if (says.what === 'abort') {
      const submission = await stage.ordering('abort', says.by, {}, asked);
      loaded.push({ says: { what: 'abort', statement: parseControl(submission) }, submission, way });
    } else {
      const { by, verdict, about, backdated } = says;
      const at = backdated ? new Date(now.getTime() - LONG_AGO_MS) : now;
      const subject = about === 'earlier' ? earlier?.subject : approval?.digest;
      const request = about === 'earlier' ? earlier?.request : approval?.request;
      const submission = await stage.decision(verdict, by, {
        at: at.toISOString(),
        subject: about === 'nothing' ? `sha256:${'0'.repeat(64)}` : (subject ?? ''),
        request: request ?? '',
        comment: `shot ${index}`,
      });
      loaded.push({ says: { what: 'decision', statement: parseDecision(submission) }, submission, way });
    }
  }
  return loaded;
}

interface Firing {
  readonly wave: readonly Shot[];
  readonly loaded: readonly Loaded[];
  readonly asked: PromotionView;
  readonly spoken: Spoken[];
  readonly questions: Signpost;
  readonly ended: Promise<unknown>;
}

function fire(
  stage: Stage<Play>,
  { wave, loaded, asked, spoken, questions, ended }: Firing,
): Promise<void>[] {
  const expiresAt = asked.approval?.expiresAt ?? 0;
  const fired: Promise<void>[] = [];
  for (const [index, { when }] of wave.entries()) {
    const shot = loaded[index];
    if (shot === undefined) throw new Error('a shot that was not loaded');
    const moment = (): Promise<unknown> => {
      switch (when.at) {
        case 'asked':
          return sleep(when.afterMs);
        case 'answer':
          return fired[when.shot] ?? Promise.resolve();
        case 'question':
          return Promise.race([questions.passed(when.nth), ended]);
        case 'deadline':
          return sleep(Math.max(0, expiresAt - when.beforeMs - Date.now()));
        default:
          return when satisfies never;
      }
    };
    fired.push(moment().then(() => speak(stage, shot, spoken)));
  }
  return fired;
}

async function speak(stage: Stage<Play>, { says, submission, way }: Loaded, spoken: Spoken[]): Promise<void> {
  const saidAt = Date.now();
  const heard = { says, saidAt, answeredAt: Number.POSITIVE_INFINITY, answer: undefined };
  const { handle } = stage;
  try {
    if (says.what === 'cancel') await handle.cancel();
    else if (says.what === 'decision' && way === 'signal') await handle.signal(decideSignal, submission);
    else {
      const update = says.what === 'decision' ? decide : control;
      const answer = await handle.executeUpdate(update, { args: [submission] });
      spoken.push({ says, saidAt, answeredAt: Date.now(), answer });
      return;
    }
    spoken.push(heard);
  } catch (error) {
    // The server gave up the workflow task that the message came with, for another one came while the promotion ended in it:
    // nothing was taken, and whoever hears so says it again.
    if (codeOf(error) === GRPC.FAILED_PRECONDITION) return speak(stage, { says, submission, way }, spoken);
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    spoken.push({ ...heard, answer: 'gone' });
  }
}

/** Whoever has not voted approves, one after the other; where that is not enough, the requester ends it. */
async function decideAtLast(
  stage: Stage<Play>,
  { approvers }: RacePlan,
  { approval }: PromotionView,
  spoken: Spoken[],
): Promise<void> {
  for (const by of [...approvers, undefined]) {
    const seen = await stage.view();
    if (seen.phase !== 'awaiting-approval' || seen.approval?.digest !== approval?.digest) return;
    if (by === undefined) {
      const submission = await stage.ordering('abort', REQUESTER, {}, seen);
      const says = { what: 'abort', statement: parseControl(submission) } as const;
      await speak(stage, { says, submission, way: 'update' }, spoken);
    } else if (seen.approval?.waitingFor.includes(by) === true) {
      const over = { subject: approval?.digest ?? '', request: approval?.request ?? '', comment: 'at last' };
      const submission = await stage.decision('approve', by, over);
      const says = { what: 'decision', statement: parseDecision(submission) } as const;
      await speak(stage, { says, submission, way: 'update' }, spoken);
    }
  }
}

/** Those who wait for a question to the service are let go when it is asked. */
class Signpost {
  #nth = 0;
  readonly #waiting: { readonly nth: number; readonly go: () => void }[] = [];

  pass(nth: number): void {
    this.#nth = nth;
    for (const { nth: wanted, go } of this.#waiting) if (wanted <= nth) go();
  }

  async passed(nth: number): Promise<void> {
    if (this.#nth >= nth) return;
    await new Promise<void>((go) => this.#waiting.push({ nth, go }));
  }
}
