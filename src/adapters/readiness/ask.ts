import { READINESS_PARTS, type ReadinessPartName } from '../../domain/readiness-parts.js';
import { checkReadiness, type ReadinessResult, type SurfaceAnswer } from '../../tau/readiness.js';
import { surfaceOfBody } from '../gates/answer.js';
import { oneLine } from '../one-line.js';
import { probe, type Asking, type Probed } from '../probe.js';
import { createRedactor } from '../redaction.js';
import type { Credentials } from './credentials.js';
import { handedOn, type AgentQuestion } from './operator-command.js';
import { agentQuestion, statusQuestion, type ReadinessQuestion, type StatusQuestion } from './questions.js';
import type { ReadinessRequest } from './request.js';
import { signIn, type Signed } from './sign-in.js';

/** One question with what came of it, redacted. */
export interface AskedSurface {
  /** As a round's evidence names it. */
  readonly id: StatusQuestion | AgentQuestion;
  /** Method and address, or the program's name. */
  readonly asked: string;
  readonly probed: Probed;
  /** ISO 8601, UTC. */
  readonly askedAt: string;
  readonly durationMs: number;
  readonly answer: SurfaceAnswer;
}

export interface AskedReadiness {
  readonly result: ReadinessResult;
  /** In the order of the result's parts. */
  readonly surfaces: readonly AskedSurface[];
  /** Beside the verdict; empty unless it was asked for. */
  readonly deployment: readonly AskedSurface[];
  readonly durationMs: number;
  /** Why nothing of an answer may be shown or kept; undefined: it may. */
  readonly withheld: string | undefined;
  /** The parts of which something else than a healthy pass is expected: in the evidence no such pass is an earned one. */
  readonly overridden: readonly ReadinessPartName[];
}

/**
 * Asks gateway, cortex and operator summary at the same time, as the gates of a round are asked (probe.ts), and judges
 * them by the rules of Tau's validator, as the readiness gate is judged. Every answer is bounded in time and bytes.
 *
 * @throws the reason of `signal`, and nothing else for what the system answers
 */
export async function askReadiness(request: ReadinessRequest): Promise<AskedReadiness> {
  const failed = new AbortController();
  const running: Promise<unknown>[] = [];
  try {
    const signal = AbortSignal.any([request.signal, failed.signal]);
    return await askAll({ ...request, signal }, (command) => running.push(command));
  } catch (error) {
    // The command is in a process group of its own: without this it would outlive us.
    failed.abort(error);
    await Promise.allSettled(running);
    throw error;
  }
}

/** @param onCommand told of each command that runs */
async function askAll(
  request: ReadinessRequest,
  onCommand: (command: Promise<unknown>) => void,
): Promise<AskedReadiness> {
  const began = performance.now();
  const { credentials } = request;
  const start = event();
  const operator = askAgent('operator-summary', request, credentials, start.happens);
  const others = request.withDeployment
    ? [
        askAgent('deployment-transport', request, credentials),
        askAgent('deployment-status', request, credentials),
      ]
    : [];
  for (const command of [operator, ...others]) onCommand(command);
  // The command starts first, and runs while what asks over HTTP is loaded.
  const asks = Promise.race([start.happened, operator]);
  const signed = asks.then(() => signIn(request));
  const status = async (id: StatusQuestion): Promise<AskedSurface> => askStatus(id, request, await signed);
  const [gateway, cortex, summary, deployment] = await Promise.all([
    status('gateway-status'),
    status('cortex-status'),
    operator,
    Promise.all(others),
  ]);
  const answers = { gateway: gateway.answer, cortex: cortex.answer, operator: summary.answer };
  const { expectations, auth } = request;
  const asked = {
    baseUrl: shownReadiness(request).baseUrl,
    authMode: auth.mode,
    withheld: credentials.withheld !== undefined,
  };
  return {
    result: checkReadiness(answers, expectations, asked),
    surfaces: [gateway, cortex, summary],
    deployment,
    durationMs: Math.round(performance.now() - began),
    withheld: credentials.withheld,
    overridden: READINESS_PARTS.filter(
      (surface) => expectations[surface].health !== 'healthy' || expectations[surface].gate !== 'pass',
    ),
  };
}

const nobodyWaits = (): void => undefined;

/** A promise, and what settles it. */
function event(): { readonly happened: Promise<void>; readonly happens: () => void } {
  let happens = nobodyWaits;
  const happened = new Promise<void>((resolve) => {
    happens = resolve;
  });
  return { happened, happens };
}

/** What is asked, for a person: as it was given, without a password or token in it. */
export function shownReadiness({
  baseUrl,
  credentials,
  operator,
}: Pick<ReadinessRequest, 'baseUrl' | 'credentials' | 'operator'>): {
  readonly baseUrl: string;
  readonly operatorCommand: string;
} {
  const redact = createRedactor(credentials.secrets);
  return {
    baseUrl: redact(withoutUserinfo(baseUrl)).text,
    operatorCommand: oneLine(operator.command.join(' '), redact),
  };
}

/**
 * Up to the last `@`, also where a `/`, `?` or `#` stands before it: a password may have one in it that nobody escaped, and
 * an address may be written with any number of slashes.
 */
function withoutUserinfo(address: string): string {
  return address.replace(/^(https?:)?([/\\]*)[^]*@/i, '$1$2[redacted]@');
}

async function askStatus(
  id: StatusQuestion,
  request: ReadinessRequest,
  signed: Signed,
): Promise<AskedSurface> {
  const { credentials, leftMs } = signed;
  const asked = statusQuestion(id, { ...request, timeoutMs: leftMs }, credentials);
  if (signed.kind === 'signed') return ask(id, asked, askingOf(request, credentials), credentials);
  const { probed } = signed;
  const answer = answerOf(probed, asked.asked, credentials);
  return { id, asked: asked.asked, probed, askedAt: new Date().toISOString(), durationMs: 0, answer };
}

function askAgent(
  id: AgentQuestion,
  request: ReadinessRequest,
  credentials: Credentials,
  onStarted?: () => void,
): Promise<AskedSurface> {
  const { operator, environment, auth, timeoutMs } = request;
  const asked = agentQuestion(id, operator, handedOn(environment, auth), timeoutMs);
  const question = { ...asked.question, ...(onStarted === undefined ? {} : { onStarted }) };
  return ask(id, { ...asked, question }, askingOf(request, credentials), credentials);
}

function askingOf({ environment, signal }: ReadinessRequest, { secrets }: Credentials): Asking {
  return { secrets, environment, signal, commit: undefined };
}

async function ask(
  id: AskedSurface['id'],
  { asked, question }: ReadinessQuestion,
  asking: Asking,
  credentials: Credentials,
): Promise<AskedSurface> {
  const askedAt = new Date().toISOString();
  const began = performance.now();
  const probed = await probe(question, asking);
  const durationMs = Math.round(performance.now() - began);
  return { id, asked, probed, askedAt, durationMs, answer: answerOf(probed, asked, credentials) };
}

/** What did not answer says which question it was, what came of it, the status, and the first bytes of the answer. */
function answerOf(probed: Probed, asked: string, { secrets, withheld }: Credentials): SurfaceAnswer {
  const surface: SurfaceAnswer =
    probed.kind === 'answered'
      ? surfaceOfBody(probed.body)
      : { answered: false, kind: probed.kind, code: probed.code, detail: probed.detail };
  if (surface.answered) return surface;
  const status = probed.status === undefined ? '' : `, status ${probed.status}`;
  if (withheld !== undefined) return { ...surface, detail: `${asked}: ${surface.code}${status}` };
  if (probed.kind !== 'answered') return surface;
  const said = Buffer.from(probed.body).toString('utf8', 0, SAID_BYTES);
  const detail = `${asked}: ${surface.detail}${status}${said.trim() === '' ? '' : `: ${said}`}`;
  return { ...surface, detail: oneLine(detail, createRedactor(secrets)) };
}

const SAID_BYTES = 1024;
