import { notChecked, wrong, type CheckName, type DoctorFinding } from '../../domain/doctor/finding.js';
import type { LongestPromotion } from '../../domain/doctor/retention.js';
import type { TemporalServer } from '../connection.js';
import { ClientError, type ClientErrorCode } from '../errors.js';
import { examineNamespace, examineVersion } from './namespace.js';
import { examinePollers } from './pollers.js';
import { examinePromotions } from './promotions.js';
import { askQuestion, notAsked, type Asked } from './question.js';
import { examineSearchAttributes } from './search-attributes.js';

export interface ExaminationRequest {
  /** Undefined where no runbook says. */
  readonly longest: LongestPromotion | undefined;
  /** Undefined: all of the task queue. */
  readonly target: string | undefined;
  /** Only looks: adds no search attribute and asks no worker. */
  readonly dryRun: boolean;
}

export interface Examination {
  readonly findings: readonly DoctorFinding[];
  /** Why the namespace can't be asked about, as other commands would end; undefined where it can. */
  readonly failed: ClientErrorCode | undefined;
}

/** Everything that Temporal can be asked about this installation. Every call is bounded in time. */
export async function examine(
  server: TemporalServer,
  { longest, target, dryRun }: ExaminationRequest,
): Promise<Examination> {
  const [version, { failed, findings: namespace }] = await Promise.all([
    examineVersion(server),
    examineNamespace(server, longest),
  ]);
  const findings = [version, ...namespace];
  if (failed !== undefined) return { findings: [...findings, ...withoutNamespace(server)], failed };
  const [attributes, workers, promotions] = await Promise.all([
    examineSearchAttributes(server, !dryRun),
    examineWorkers(server, dryRun),
    examinePromotions(server, target).catch((error: unknown) => [unanswered('promotions', server, error)]),
  ]);
  return { findings: [...findings, attributes, ...workers, ...promotions], failed };
}

async function examineWorkers(server: TemporalServer, dryRun: boolean): Promise<readonly DoctorFinding[]> {
  if (dryRun) {
    const { findings } = await examinePollers(server, Date.now());
    return [...notAsked(server, '--dry-run starts nothing'), ...findings];
  }
  const asked = await ask(server);
  if ('level' in asked) {
    const { findings } = await examinePollers(server, Date.now());
    return [notChecked('clock', server.address, 'nothing could be started'), asked, ...findings];
  }
  try {
    const { findings, atWork } = await examinePollers(server, asked.serverNow());
    const answer = atWork
      ? await asked.answered()
      : notChecked('worker', `task queue ${server.taskQueue}`, 'not every queue has a worker');
    return [asked.clock, answer, ...findings];
  } finally {
    await asked.close();
  }
}

async function ask(server: TemporalServer): Promise<Asked | DoctorFinding> {
  return askQuestion(server).catch((error: unknown) => unanswered('worker', server, error));
}

/** Where Temporal says no to a question that a healthy installation may ask. */
function unanswered(check: CheckName, { taskQueue }: TemporalServer, error: unknown): DoctorFinding {
  if (!(error instanceof ClientError)) throw error;
  return wrong(
    check,
    `task queue ${taskQueue}`,
    error.message,
    'have this identity allowed to ask, or try again',
  );
}

function withoutNamespace(server: TemporalServer): readonly DoctorFinding[] {
  const { namespace, taskQueue } = server;
  const why = "the namespace can't be asked about";
  return [
    notChecked('retention', `namespace ${namespace}`, why),
    notChecked('search-attributes', `namespace ${namespace}`, why),
    ...notAsked(server, why),
    notChecked('pollers', `task queue ${taskQueue}`, why),
    notChecked('worker-builds', 'workers', why),
    notChecked('promotions', `task queue ${taskQueue}`, why),
  ];
}
