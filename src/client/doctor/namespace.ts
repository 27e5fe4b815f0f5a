import { judgeRetention, type LongestPromotion } from '../../domain/doctor/retention.js';
import { notChecked, ok, wrong, type DoctorFinding } from '../../domain/doctor/finding.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from '../connection.js';
import { ClientError, type ClientErrorCode } from '../errors.js';
import { codeOf, GRPC } from '../grpc.js';

export interface NamespaceSeen {
  readonly findings: readonly DoctorFinding[];
  /** Why nothing else can be asked about; undefined where it can. */
  readonly failed: ClientErrorCode | undefined;
}

/** Whether the namespace is there and keeps closed runs long enough. */
export async function examineNamespace(
  server: TemporalServer,
  longest: LongestPromotion | undefined,
): Promise<NamespaceSeen> {
  const { namespace, address } = server;
  const where = `namespace ${namespace}`;
  try {
    const { config } = await server.within(CALL_TIMEOUT_MS, () =>
      server.connection.workflowService.describeNamespace({ namespace }),
    );
    const retentionMs = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1_000;
    return {
      failed: undefined,
      findings: [
        ok('namespace', where, `is there, at ${address}`),
        longest === undefined
          ? notChecked('retention', where, 'no runbook could be read that says how long a promotion may take')
          : judgeRetention(namespace, retentionMs, longest),
      ],
    };
  } catch (error) {
    const missing = codeOf(error) === GRPC.NOT_FOUND;
    const { code, message } = server.translate(error);
    const [what, todo] = missing
      ? [
          `the Temporal server at ${address} has no such namespace`,
          `correct TEMPORAL_NAMESPACE, or make it: temporal operator namespace create --namespace ${namespace} --retention 720h`,
        ]
      : [
          message,
          code === 'misconfigured'
            ? 'have this identity allowed in the namespace'
            : 'try again; see the log of the server',
        ];
    return {
      failed: missing ? 'misconfigured' : code,
      findings: [wrong('namespace', where, what, todo)],
    };
  }
}

/** The oldest server whose answers this is written for. */
const OLDEST = [1, 28] as const;

/** @throws nothing: the version is for people */
export async function examineVersion(server: TemporalServer): Promise<DoctorFinding> {
  const { address } = server;
  try {
    const { serverVersion } = await server.call(CALL_TIMEOUT_MS, () =>
      server.connection.workflowService.getSystemInfo({}),
    );
    const [major = 0, minor = 0] = serverVersion.split('.').map(Number);
    return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])
      ? wrong(
          'server-version',
          address,
          `Temporal ${serverVersion}: older than ${OLDEST.join('.')}`,
          'upgrade the server: updates and worker versions are not there, or not finished, before',
        )
      : ok('server-version', address, `Temporal ${serverVersion}`);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return wrong('server-version', address, error.message, 'try again; see the log of the server');
  }
}
