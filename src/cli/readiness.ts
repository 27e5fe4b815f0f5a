import {
  askReadiness,
  openReadinessEvidence,
  shownReadiness,
  type AskedReadiness,
} from '../readiness-wiring.js';
import { readinessHeader, readinessLines } from '../tau/readiness-report.js';
import { isReady } from '../tau/readiness.js';
import type * as Document from './readiness-document.js';
import { parseReadiness, type ReadinessOptions } from './readiness-options.js';
import { requestOf, type ReadinessPlace } from './readiness-request.js';
import { untilStopped } from './stop-signal.js';

/** `promote readiness`: 0 ready; 1 not ready, or not asked for bad usage; 130 interrupted. */
export async function readiness(args: readonly string[], place: ReadinessPlace): Promise<0 | 1 | 130> {
  const parsed = parseReadiness(args, place.environment);
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(await usage());
      return 0;
    case 'refused':
      return refuse(parsed.problem, parsed.usage ? await usage() : '');
    case 'options':
      return run(parsed.options, place);
    default:
      return parsed satisfies never;
  }
}

async function run(options: ReadinessOptions, place: ReadinessPlace): Promise<0 | 1 | 130> {
  const signal = untilStopped();
  const request = await requestOf(options, place, signal);
  if ('problem' in request) return refuse(request.problem);
  const evidence =
    options.evidence === undefined
      ? undefined
      : await openReadinessEvidence(options.evidence, request, place.workingDirectory);
  if (evidence !== undefined && 'problem' in evidence) return refuse(evidence.problem);

  const say = sayer(options);
  const shown = shownReadiness(request);
  for (const line of readinessHeader({ baseUrl: shown.baseUrl, authMode: request.auth.mode })) say(line);
  let asked: AskedReadiness;
  try {
    asked = await askReadiness(request);
  } catch (error) {
    if (!signal.aborted) throw error;
    complain('error: interrupted before every surface answered');
    return 130;
  }

  const document = options.json || evidence !== undefined ? await documentOf(asked, request, shown) : {};
  const notKept = await evidence?.keep(asked, document);
  const passed = isReady(asked.result) && notKept === undefined;
  tellProblems(asked);
  if (notKept !== undefined) complain(notKept.problem);
  // Beside the validator's own lines, and after its first error line.
  if (!options.quiet) complain(`operator_command=${shown.operatorCommand}`);
  if (isBuilding(asked))
    complain('note: cargo may still be building: try again, or give --timeout-seconds more');
  if (options.json) {
    const ended = { passed, exitCode: passed ? 0 : 1, evidence: evidence?.folder ?? null };
    process.stdout.write(`${JSON.stringify({ ...document, ...ended })}\n`);
  }
  if (passed) for (const line of [...readinessLines(asked.result), 'status=pass']) say(line);
  return passed ? 0 : 1;
}

/** "Suppress informational logs"; with `--json` stdout holds the document alone. */
function sayer({ quiet, json }: ReadinessOptions): (line: string) => void {
  const stream = json ? process.stderr : process.stdout;
  return (line) => void (quiet || stream.write(`${line}\n`));
}

/** The validator's own output first: its line, then the answer as it came. After it, what it would not have come to. */
function tellProblems({ result, surfaces, withheld }: AskedReadiness): void {
  for (const [at, { problems, outcome }] of result.parts.entries()) {
    const [first, ...others] = problems;
    if (first === undefined) continue;
    complain(first);
    const body = surfaces[at]?.probed.body;
    if (outcome.kind === 'answered' && body !== undefined && withheld === undefined) complain(payload(body));
    for (const other of others) complain(other);
  }
  if (withheld !== undefined && !isReady(result)) complain(`error: no answer is shown: ${withheld}`);
}

/** A first build takes minutes, for which the validator, without a limit of its command, waited. */
function isBuilding({ result, surfaces }: AskedReadiness): boolean {
  const operator = result.parts.find(({ surface }) => surface === 'operator')?.outcome;
  const timedOut = operator?.kind === 'unreachable' && operator.code === 'command_timeout';
  return timedOut && surfaces.some(({ asked }) => asked === 'cargo');
}

/**
 * As it came, but for characters that no JSON has as they are: none of them reaches a terminal. A space is put in their place:
 * what was redacted is past, and taking characters out could put a secret together again.
 */
function payload(body: Uint8Array): string {
  const text = Buffer.from(body).toString('utf8').replace(/\n+$/, '');
  // oxlint-disable-next-line eslint/no-control-regex -- these are what is taken out
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, ' ');
}

function refuse(problem: string, usage = ''): 1 {
  complain(problem);
  process.stderr.write(usage);
  return 1;
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function documentOf(...given: Parameters<typeof Document.readinessDocument>): Promise<object> {
  const { readinessDocument } = await import('./readiness-document.js');
  return readinessDocument(...given);
}

async function usage(): Promise<string> {
  const { READINESS_USAGE } = await import('./readiness-usage.js');
  return READINESS_USAGE;
}
