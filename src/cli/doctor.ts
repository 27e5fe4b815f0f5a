import { hostname } from 'node:os';
import { join } from 'node:path';

import { ClientError } from '../client.js';
import type { Config } from '../config.js';
import { InputError } from '../contracts/input-error.js';
import { createDoctor, longestOf, type TargetRead } from '../doctor-wiring.js';
import { notChecked, ok, wrong, type CheckName, type DoctorFinding } from '../domain/doctor/finding.js';
import type { LongestPromotion } from '../domain/doctor/retention.js';
import { EngineError } from '../engine/engine.js';
import { parseTarget, type Context } from './context.js';
import { EXIT, exitOfClientError, exitOfEngineError, type ExitCode } from './exit-codes.js';
import { plain, type Output, type Style } from './output.js';
import { findEndpoint, withClientAt, type Endpoint } from './temporal.js';

export interface DoctorFlags {
  readonly target?: string;
  readonly dryRun?: boolean;
}

/** One look at everything of a kind takes at most this; what it asks is bounded in itself, so that it comes to this hardly ever. */
const LIMIT_MS = 45_000;
/** Runbooks that are looked at together: each asks its remotes. */
const AT_ONCE = 8;

/** `doctor`: what would keep promotions from working here, each with what to do. All is looked at although some of it fails. */
export async function doctor({ config, output }: Context, flags: DoctorFlags): Promise<ExitCode> {
  const machine = createDoctor(config);
  const target = flags.target === undefined ? undefined : parseTarget(flags.target);
  const read = await Promise.all(
    runbooksOf(config, target).map(([name, file]) => machine.readTarget(name, file)),
  );
  const dryRun = flags.dryRun === true;
  const [temporal, ...local] = await Promise.all([
    examineTemporal(config, { longest: longestOf(read), target, dryRun }),
    within('evidence-store', config.evidenceDir, machine.examineEvidenceStore()),
    within('evidence-key', config.evidenceKeyFile, machine.examineEvidenceKey()),
    within('tools', 'PATH', machine.examineTools(read)),
    examineTargets(read, machine.examineTarget),
  ]);
  // Redacted last: taking characters out can put a secret together again.
  const clean = (text: string): string => withoutKeys(config, machine.redact(plain(text, 1_000)));
  const findings = [...temporal.findings, ...local.flat()].map((finding) => ({
    ...finding,
    where: clean(finding.where),
    what: clean(finding.what),
    todo: finding.todo === undefined ? undefined : clean(finding.todo),
  }));
  const exitCode = exitOf(temporal.exitCode, findings);
  tell({ config, output }, findings, { exitCode, dryRun, target });
  return exitCode;
}

/** A target's own site's; else this one's. */
function queueOf({ taskQueue, taskQueueFor }: Config, target: string | undefined): string {
  return target === undefined ? taskQueue : taskQueueFor(target);
}

/** What other sites promote, their workers can reach and this machine need not. */
function targetsHere({ targets, taskQueueFor, taskQueue }: Config): readonly string[] | undefined {
  return targets?.filter((name) => taskQueueFor(name) === taskQueue);
}

/** Every target of this site with its runbook; where promote.yaml lists none, the shipped one stands for all. */
function runbooksOf(
  config: Config,
  target: string | undefined,
): readonly (readonly [name: string, file: string])[] {
  if (target !== undefined) return [[target, config.runbookFor(target)]];
  return (
    targetsHere(config)?.map((name) => [name, config.runbookFor(name)] as const) ?? [
      ['every target', join(config.packageRoot, 'runbooks', 'operator-readiness.yaml')],
    ]
  );
}

async function examineTargets(
  read: readonly TargetRead[],
  examine: (read: TargetRead) => Promise<readonly DoctorFinding[]>,
): Promise<readonly DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  for (let from = 0; from < read.length; from += AT_ONCE) {
    const some = read.slice(from, from + AT_ONCE);
    findings.push(
      ...(await Promise.all(some.map((one) => within('runbook', one.name, examine(one))))).flat(),
    );
  }
  return findings;
}

/** A check that does not end is a finding, and so is one that fails in a way that it does not know. */
async function within(
  check: CheckName,
  where: string,
  work: Promise<DoctorFinding | readonly DoctorFinding[]>,
): Promise<readonly DoctorFinding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<DoctorFinding>((resolve) => {
    timer = setTimeout(
      () => resolve(wrong(check, where, `no answer within ${LIMIT_MS / 1_000} s`, 'see what hangs there')),
      LIMIT_MS,
    );
  });
  try {
    const found = await Promise.race([work, late]);
    return 'check' in found ? [found] : found;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [wrong(check, where, `the check itself failed: ${reason}`, 'tell us: this is a bug of promote')];
  } finally {
    clearTimeout(timer);
  }
}

interface TemporalSeen {
  readonly findings: readonly DoctorFinding[];
  /** As any other command would end there. */
  readonly exitCode: ExitCode;
}

async function examineTemporal(
  config: Config,
  request: {
    readonly longest: LongestPromotion | undefined;
    readonly target: string | undefined;
    readonly dryRun: boolean;
  },
): Promise<TemporalSeen> {
  let endpoint: Endpoint;
  try {
    endpoint = await findEndpoint(config);
  } catch (error) {
    return withoutServer('temporal-settings', 'Temporal', error);
  }
  const { address, namespace } = endpoint;
  try {
    return await withClientAt(endpoint, { taskQueue: queueOf(config, request.target) }, async (client) => {
      const { tls, apiKey } = endpoint.connection;
      const how = [
        tls === undefined || tls === false || tls === null ? 'without TLS' : 'by TLS',
        ...(apiKey === undefined ? [] : ['with an API key']),
      ];
      const connected = ok('connection', address, `connected ${how.join(', ')}`);
      const { findings, failed } = await client.examine(request);
      return {
        findings: [connected, ...findings],
        exitCode: failed === undefined ? EXIT.done : exitOfClientError(failed),
      };
    });
  } catch (error) {
    return withoutServer('connection', `${address}, namespace ${namespace}`, error);
  }
}

const NEEDS_SERVER: readonly CheckName[] = [
  'server-version',
  'namespace',
  'retention',
  'search-attributes',
  'clock',
  'worker',
  'pollers',
  'worker-builds',
  'promotions',
];

function withoutServer(check: CheckName, where: string, error: unknown): TemporalSeen {
  const { message, exitCode } = told(error);
  const at = message.lastIndexOf(': ');
  return {
    exitCode,
    findings: [
      wrong(check, where, message.slice(0, at), message.slice(at + 2)),
      ...NEEDS_SERVER.map((each) => notChecked(each, where, 'there is no connection to Temporal')),
    ],
  };
}

/** Each ends in `: what to do`. */
function told(error: unknown): { readonly message: string; readonly exitCode: ExitCode } {
  if (error instanceof InputError)
    return {
      message: `${error.problems[0]}: see docs/how-to/connect-to-temporal.md`,
      exitCode: EXIT.badInput,
    };
  if (error instanceof ClientError)
    return { message: error.message, exitCode: exitOfClientError(error.code) };
  if (error instanceof EngineError)
    return { message: error.message, exitCode: exitOfEngineError(error.code) };
  throw error;
}

function exitOf(temporal: ExitCode, findings: readonly DoctorFinding[]): ExitCode {
  if (temporal !== EXIT.done) return temporal;
  return findings.some(({ level }) => level === 'error') ? EXIT.held : EXIT.done;
}

/** What a file of Temporal's settings held, the environment does not know. */
function withoutKeys(config: Config, text: string): string {
  try {
    const { apiKey } = config.temporal.connection;
    return typeof apiKey === 'string' && apiKey !== '' ? text.replaceAll(apiKey, '[redacted]') : text;
  } catch (error) {
    // There is no key then.
    if (error instanceof InputError) return text;
    throw error;
  }
}

const STYLES: Readonly<Record<DoctorFinding['level'], Style>> = {
  ok: 'green',
  warning: 'yellow',
  error: 'red',
  'not-checked': 'dim',
};

function tell(
  { config, output }: { readonly config: Config; readonly output: Output },
  findings: readonly DoctorFinding[],
  {
    exitCode,
    dryRun,
    target,
  }: { readonly exitCode: ExitCode; readonly dryRun: boolean; readonly target: string | undefined },
): void {
  const count = (wanted: DoctorFinding['level']): number =>
    findings.filter(({ level }) => level === wanted).length;
  const machine = hostname();
  output.document({
    machine,
    deployment: config.deployment,
    taskQueue: config.taskQueue,
    target: target ?? null,
    dryRun,
    exitCode,
    errors: count('error'),
    warnings: count('warning'),
    notChecked: count('not-checked'),
    findings: findings.map(({ todo, ...finding }) => ({ ...finding, todo: todo ?? null })),
  });
  for (const { check, level, where, what, todo } of findings) {
    output.say(`${output.paint(STYLES[level], level.padEnd(11))}  ${check.padEnd(17)}  ${where}: ${what}`);
    if (todo !== undefined) output.say(`${' '.repeat(13)}→ ${todo}`);
  }
  output.say('');
  output.say(
    `${count('error')} errors, ${count('warning')} warnings, ${count('not-checked')} not checked, ${count('ok')} ok. ` +
      `This was told of ${machine}: run it where the worker runs, as its user and with its environment`,
  );
}
