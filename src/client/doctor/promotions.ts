import { PROMOTION, promotionId, ROLLBACK } from '../../../workflows/messages.js';
import { ok, warning, wrong, type DoctorFinding } from '../../domain/doctor/finding.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from '../connection.js';
import { blockedBy } from '../description.js';
import { ClientError } from '../errors.js';

/** So many are looked at, the oldest left out: each is a question of its own. */
const MOST = 100;
const AT_ONCE = 10;

/**
 * Whether open promotions move: a workflow task that keeps failing is a build that can't go on with the run.
 *
 * @param target of this one alone
 * @throws ClientError
 */
export async function examinePromotions(
  server: TemporalServer,
  target: string | undefined,
): Promise<readonly DoctorFinding[]> {
  const where = target === undefined ? `task queue ${server.taskQueue}` : `target ${target}`;
  const open = await openRuns(server, target);
  const looked = open.slice(0, MOST);
  const findings: DoctorFinding[] = [];
  for (let from = 0; from < looked.length; from += AT_ONCE) {
    const some = looked.slice(from, from + AT_ONCE);
    findings.push(...(await Promise.all(some.map((id) => examineRun(server, id)))).flat());
  }
  const beyond = open.length > MOST ? `; the newest ${MOST} were looked at` : '';
  const bad = findings.length === 0 ? 'none is stuck' : `${findings.length} stuck`;
  return findings.length === 0 || beyond !== ''
    ? [
        ...findings,
        ok('promotions', where, `${open.length > MOST ? `over ${MOST}` : open.length} open, ${bad}${beyond}`),
      ]
    : findings;
}

/** Workflow IDs, at most one more than are looked at. */
async function openRuns(server: TemporalServer, target: string | undefined): Promise<readonly string[]> {
  const query = [
    `WorkflowType IN ("${PROMOTION}", "${ROLLBACK}")`,
    'ExecutionStatus = "Running"',
    target === undefined ? `TaskQueue = "${server.taskQueue}"` : `WorkflowId = "${promotionId(target)}"`,
  ].join(' AND ');
  return server.call(CALL_TIMEOUT_MS, async () => {
    const ids: string[] = [];
    for await (const { workflowId } of server.client.list({ query, pageSize: MOST + 1 })) {
      ids.push(workflowId);
      if (ids.length > MOST) break;
    }
    return ids;
  });
}

async function examineRun(server: TemporalServer, workflowId: string): Promise<readonly DoctorFinding[]> {
  const target = workflowId.replace(/^promotion\//, '');
  let blocked;
  try {
    blocked = blockedBy(await server.describe(workflowId));
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    // It ended meanwhile.
    if (error.code === 'not_found') return [];
    return [wrong('promotions', `target ${target}`, error.message, 'try again; see the log of the server')];
  }
  if (blocked === undefined) return [];
  const { activity, attempt, cause } = blocked;
  return activity === ''
    ? [
        wrong(
          'promotions',
          `target ${target}`,
          `its workflow task failed ${attempt - 1} times: the build of the worker can't go on with this run`,
          `run the build that it was started with; see the worker's log, and \`temporal workflow show --workflow-id ${workflowId}\``,
        ),
      ]
    : [
        warning(
          'promotions',
          `target ${target}`,
          `${activity} was tried ${attempt} times: ${cause}`,
          `remove the cause: it is tried again by itself; see \`promote status ${target}\``,
        ),
      ];
}
