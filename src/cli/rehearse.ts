import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';

import type { PromotionClient, PromotionStatus } from '../client.js';
import type { Config } from '../config.js';
import { InputError } from '../contracts/input-error.js';
import { statementText } from '../domain/statement.js';
import type { Rehearsal } from '../rehearsal/rehearsal.js';
import type { Scenario } from '../rehearsal/scenario.js';
import { evidenceAt, type Context } from './context.js';
import { untilStopped } from './stop-signal.js';
import { decisionLines } from './decision-lines.js';
import { Interrupted } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { followPromotion, type Followed, type FollowOptions } from './follow-promotion.js';
import type { Output } from './output.js';
import { concernLines, paintPhase } from './render.js';
import { subjectOf } from './subject.js';
import { decisionOf, orderOf } from './submit.js';
import { connectTo, openEngine, type OpenedEngine } from './temporal.js';
import { createWiring } from '../wiring.js';
import { parseSet } from './variables.js';
import { runInProcess } from './worker.js';

export interface RehearseFlags {
  readonly scenario: string;
  readonly yes?: boolean;
  readonly list?: boolean;
  readonly keep?: boolean;
  readonly set: readonly string[];
}

const REQUESTER = 'requester@rehearsal';
const APPROVER = 'approver@rehearsal';
const PATIENCE_MS = 30_000;

/** The whole pipeline against a stand-in Tau, in folders of its own. */
export async function rehearse(context: Context, flags: RehearseFlags): Promise<ExitCode> {
  const { SCENARIOS } = await import('../rehearsal/scenarios.js');
  if (flags.list === true) return listScenarios(context.output, SCENARIOS);
  const scenario = SCENARIOS.find(({ name }) => name === flags.scenario);
  if (scenario === undefined)
    throw new InputError('bad_usage', [
      `--scenario ${JSON.stringify(flags.scenario.slice(0, 80))} is not known: \`promote rehearse --list\` shows all ${SCENARIOS.length}`,
    ]);
  if (flags.yes !== true && !isTerminal())
    throw new InputError('bad_usage', [
      'there is no terminal to ask for the decision: pass --yes, and the rehearsal decides itself',
    ]);
  refuseWhiteSpace(context.config);
  await createWiring(context.config, parseSet(flags.set)).checkRunbook(shippedRunbookOf(context.config));
  const signal = untilStopped();
  const opened = await openEngine(context.config, context.output.note);
  try {
    return await inFolder({ context, flags, scenario, opened, signal });
  } catch (error) {
    if (signal.aborted) throw new Interrupted('the rehearsal was left; what it had started is ended');
    throw error;
  } finally {
    await opened.engine.stop();
  }
}

/** The rehearsal itself refuses such a folder; said here, before a server is started in it. */
function shippedRunbookOf({ packageRoot }: Config): string {
  return join(packageRoot, 'runbooks', 'operator-readiness.yaml');
}

function refuseWhiteSpace({ dataDir }: Config): void {
  if (!/\s/.test(dataDir)) return;
  throw new InputError('bad_usage', [
    `a rehearsal can't run in ${JSON.stringify(dataDir)}, because its command is split at white space: set PROMOTE_DATA_DIR to a path without`,
  ]);
}

interface Stage {
  readonly context: Context;
  readonly flags: RehearseFlags;
  readonly scenario: Scenario;
  readonly opened: OpenedEngine;
  readonly signal: AbortSignal;
}

async function inFolder(stage: Stage): Promise<ExitCode> {
  const { context, flags, scenario } = stage;
  const { config } = context;
  const stamp = new Date().toISOString().replaceAll(/[-:.]/g, '');
  const folder = join(config.dataDir, 'rehearsals', `${stamp}-${scenario.name}`);
  const { openRehearsal } = await import('../rehearsal/rehearsal.js');
  const rehearsal = await openRehearsal({
    scenario,
    folder,
    nodePath: process.execPath,
    agentScript: join(config.packageRoot, 'dist', 'src', 'rehearsal', 'tau-coding-agent.js'),
    shippedRunbook: shippedRunbookOf(config),
  });
  try {
    const target = `rehearsal-${randomBytes(3).toString('hex')}`;
    const rehearsed = rehearsalConfig(config, rehearsal, folder);
    const set = parseSet(flags.set);
    const followed = await withWorker(stage, rehearsed, set, () =>
      promoteAndFollow(stage, rehearsed, rehearsal.commit, target),
    );
    return conclude(stage, rehearsed, target, followed);
  } finally {
    await rehearsal.close();
    // The evidence and the runbook that it names stay.
    if (flags.keep !== true)
      for (const part of ['workspace', 'elsewhere', 'remote.git', 'bin', 'data'])
        await rm(join(folder, part), { recursive: true, force: true });
  }
}

/** As the user's own settings, but for what the rehearsal stands in for. */
function rehearsalConfig(config: Config, rehearsal: Rehearsal, folder: string): Config {
  const explicit = config.environment['PROMOTE_EVIDENCE_DIR'] ?? '';
  return {
    ...config,
    environment: { ...config.environment, ...rehearsal.environment },
    runbookFor: () => rehearsal.runbookFile,
    // A worker beside it may listen there.
    metricsAddress: undefined,
    healthAddress: undefined,
    taskQueue: `rehearsal-${randomBytes(6).toString('hex')}`,
    dataDir: join(folder, 'data'),
    evidenceDir: explicit === '' ? join(folder, '.tau', 'reports', 'operator-readiness') : config.evidenceDir,
  };
}

/** Runs a worker beside `use`, and ends it afterwards. A worker that ends first ends the rehearsal. */
async function withWorker<T>(
  stage: Stage,
  config: Config,
  set: Readonly<Record<string, string>>,
  use: () => Promise<T>,
): Promise<T> {
  const { context, opened } = stage;
  const controller = new AbortController();
  let working: Promise<void> = Promise.resolve();
  try {
    await new Promise<void>((resolve, reject) => {
      working = runInProcess({
        config,
        set,
        endpoint: opened.endpoint,
        output: context.output,
        signal: controller.signal,
        onReady: resolve,
      });
      working.then(() => reject(new Error('the worker ended before it was ready')), reject);
    });
    const early = working.then(() => {
      throw new Error('the worker ended before the rehearsal did');
    });
    return await Promise.race([use(), early]);
  } finally {
    controller.abort();
    await working.catch(() => undefined);
  }
}

async function promoteAndFollow(
  stage: Stage,
  config: Config,
  commit: string,
  target: string,
): Promise<Followed> {
  const { context, opened, scenario, signal } = stage;
  const { output } = context;
  const connect = (): Promise<PromotionClient> => connectTo(opened.endpoint, config);
  const client = await connect();
  let open: string | undefined;
  try {
    const reason = `rehearsal of ${scenario.name}`;
    const request = { target, commit, requester: REQUESTER, reason, again: false };
    const [first, ...rest] = (await client.admit(request)).problems;
    if (first !== undefined) throw new InputError('bad_usage', [first, ...rest]);
    const { runId } = await client.start(request);
    open = runId;
    output.say(`rehearsing ${output.paint('bold', scenario.name)}: ${scenario.description}`);
    output.say(`Temporal: ${opened.engine.origin}`);
    const followed = await followPromotion({
      target,
      runId,
      connect,
      // With --json a rehearsal is one document; its progress is for people.
      output: { ...output, json: false, document: () => undefined },
      signal,
      patienceMs: PATIENCE_MS,
      untilSettled: false,
      onStatus: createDirector(stage, config),
    });
    open = undefined;
    return followed;
  } finally {
    // Left early: no worker will ever serve this rehearsal's queue again.
    if (open !== undefined)
      await client.terminate(target, open, 'the rehearsal was left').catch(() => undefined);
    await client.close();
  }
}

/** Plays the people: decides each request once, and settles a rollback that failed so that nothing stays open. */
function createDirector(stage: Stage, config: Config): NonNullable<FollowOptions['onStatus']> {
  const { output } = stage.context;
  const decided = new Set<string>();
  let acknowledged = false;
  return async (client, status, clear) => {
    const { view } = status;
    const approval = view?.phase === 'awaiting-approval' ? view.approval : undefined;
    if (approval !== undefined && !decided.has(approval.digest)) {
      const verdict = stage.flags.yes === true ? 'approve' : await ask(output, status, stage.signal, clear);
      const comment = verdict === 'reject' ? 'rejected in a rehearsal' : '';
      const subject = subjectOf(approval, status.target);
      const statement = decisionOf(config, status, subject, { by: APPROVER, verdict, comment });
      await client.decide(status.target, { statement: statementText(statement), signature: null });
      decided.add(approval.digest);
    }
    if (view?.phase === 'rollback-failed' && !acknowledged) {
      const said = { by: APPROVER, action: 'acknowledge', reason: 'end of the rehearsal' } as const;
      const statement = orderOf(config, status, said);
      await client.control(status.target, { statement: statementText(statement), signature: null });
      acknowledged = true;
    }
  };
}

async function ask(
  output: Output,
  status: PromotionStatus,
  signal: AbortSignal,
  clear: () => void,
): Promise<'approve' | 'reject'> {
  clear();
  const approval = status.view?.approval;
  if (approval !== undefined)
    for (const line of [
      '',
      ...decisionLines(output, status, approval, subjectOf(approval, status.target), Date.now()),
    ])
      output.say(line);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // On a terminal readline takes Ctrl-C for itself.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    for (;;) {
      const answer = (await terminal.question('approve or reject? ', { signal })).trim().toLowerCase();
      if (answer === 'approve' || answer === 'a') return 'approve';
      if (answer === 'reject' || answer === 'r') return 'reject';
    }
  } finally {
    terminal.close();
  }
}

function conclude(
  { context, scenario }: Stage,
  config: Config,
  target: string,
  followed: Followed,
): ExitCode {
  const { output } = context;
  if (followed.kind !== 'ended') throw new Error(`the rehearsal was ${followed.kind}`);
  const { result, exitCode, commit } = followed;
  // Only we acknowledged it, so that nothing stays open: the pipeline's own end is the failed rollback.
  const end = result.end === 'rollback-acknowledged' ? 'rollback-failed' : result.end;
  const trigger = result.trigger ?? null;
  const { expected } = scenario;
  const { reason } = result;
  const evidence = evidenceAt(config, result.evidence);
  output.document({
    scenario: scenario.name,
    end,
    reason,
    trigger,
    exitCode,
    concerns: followed.concerns,
    evidence,
    target,
    commit,
    expected,
  });
  const why = trigger ?? (reason === end ? '' : reason);
  output.say(
    `${output.paint('bold', scenario.name)}  ${paintPhase(output, end)}${why === '' ? '' : ` (${why})`}`,
  );
  if (end !== 'promoted') for (const line of concernLines(followed.concerns)) output.say(`call      ${line}`);
  output.say(`evidence  ${evidence}`);
  const differs = [
    expected.end === end ? '' : `end ${end}, not ${expected.end}`,
    expected.exitCode === exitCode ? '' : `exit code ${exitCode}, not ${expected.exitCode}`,
    expected.trigger === undefined || expected.trigger === trigger
      ? ''
      : `trigger ${trigger}, not ${expected.trigger}`,
    expected.reason === undefined || expected.reason === reason
      ? ''
      : `reason ${reason}, not ${expected.reason}`,
  ].filter((difference) => difference !== '');
  if (differs.length > 0)
    output.note(`promote: the scenario ${scenario.name} should end otherwise: ${differs.join('; ')}`);
  return exitCode;
}

function listScenarios(output: Output, scenarios: readonly Scenario[]): ExitCode {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  for (const { name, description, expected } of scenarios) {
    output.document({ scenario: name, description, expected });
    output.say(
      `${name.padEnd(width)}  ${expected.end.padEnd(22)}  exit ${expected.exitCode}  ${description}`,
    );
  }
  return EXIT.done;
}

function isTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}
