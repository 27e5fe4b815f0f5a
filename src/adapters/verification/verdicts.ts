import { z } from 'zod';

import { gateOutcomeSchema, resultOf, type GateOutcome } from '../../contracts/gate-outcome.js';
import { isExitCodeReader } from '../../contracts/runbook-reader.js';
import type { Observation } from '../../domain/observation.js';
import { overrideOf } from '../../domain/override.js';
import { judge, type GateResult } from '../../domain/verdict.js';
import type { Finding } from '../../domain/verification.js';
import { gradeSample } from '../../domain/watch.js';
import { canonicalBytes } from '../canonical.js';
import { bytesOf, sampleSchema } from '../evidence/samples.js';
import { deriveGate } from '../gates/derive.js';
import { gateOf } from '../gates/ask.js';
import { observe } from '../gates/observe.js';
import { markersIn } from '../redaction-markers.js';
import type { LoadedRunbook } from '../runbook/resolve.js';
import { finding, parseForm, readForm } from './findings.js';
import type { CheckedEntry } from './journal.js';
import type { SealedFolder } from './manifest.js';
import type { RunFiles } from './run-files.js';

type Outcome = Omit<GateOutcome, 'files'>;

/** The rules run again on the stored bytes: every verdict follows from its answer, and the journal tells the same. */
export async function checkVerdicts(
  files: RunFiles,
  { manifest }: SealedFolder,
  loaded: LoadedRunbook,
  entries: readonly CheckedEntry[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { path } of files.entries) {
    if (OUTCOME.test(path)) findings.push(...(await checkOutcome(files, loaded, path)));
    if (SAMPLE.test(path)) findings.push(...(await checkSample(files, loaded, path)));
  }
  for (const entry of entries) findings.push(...(await checkEntry(files, entry)));
  for (const { path, redactions } of manifest.files) {
    const bytes = await files.read(path);
    if (bytes !== undefined && !isSame(markersIn(bytes), redactions))
      findings.push(finding('redaction_count_mismatch', path, 'other markers than the manifest counts'));
  }
  return findings;
}

const OUTCOME = /^([a-z]+-\d+)\/([a-z0-9-]+)\.outcome\.json$/;
const SAMPLE = /^watch\/\d{8}\.json$/;

async function checkOutcome(
  files: RunFiles,
  loaded: LoadedRunbook,
  path: string,
): Promise<readonly Finding[]> {
  const outcome = await readForm(files, path, gateOutcomeSchema);
  const [, round = '', gate = ''] = OUTCOME.exec(path) ?? [];
  if (outcome?.gate !== gate) return [finding('verdict_differs', path, 'no outcome of this gate')];
  const bodies: Uint8Array[] = [];
  for (const { path: body } of outcome.files) bodies.push((await files.read(body)) ?? new Uint8Array());
  const again = await judgedAgain(loaded, outcome, bodies, async (part) => {
    const other = await readForm(files, `${round}/${part}.outcome.json`, gateOutcomeSchema);
    const [body] = other?.files ?? [];
    return other === undefined
      ? undefined
      : { outcome: other, body: body === undefined ? undefined : await files.read(body.path) };
  });
  return [...verdictFindings(path, outcome, again), ...countFindings(path, outcome, bodies)];
}

async function checkSample(
  files: RunFiles,
  loaded: LoadedRunbook,
  path: string,
): Promise<readonly Finding[]> {
  const bytes = await files.read(path);
  const sample = bytes === undefined ? undefined : parseForm(bytes, sampleSchema);
  if (sample === undefined) return [finding('verdict_differs', path, 'no sample')];
  const findings: Finding[] = [];
  const results: GateResult[] = [];
  for (const { answers, ...outcome } of sample.gates) {
    const where = `${path} ${outcome.gate}`;
    const bodies = answers.map(bytesOf);
    const again = await judgedAgain(loaded, outcome, bodies, (part) => {
      const other = sample.gates.find(({ gate }) => gate === part);
      const [body] = other?.answers ?? [];
      const found =
        other === undefined
          ? undefined
          : { outcome: other, body: body === undefined ? undefined : bytesOf(body) };
      return Promise.resolve(found);
    });
    findings.push(...verdictFindings(where, outcome, again), ...countFindings(where, outcome, bodies));
    if (again !== undefined) results.push(again);
  }
  if (gradeSample(results) !== sample.grade || results.length !== loaded.plan.gates.length)
    findings.push(finding('verdict_differs', path, `its gates do not grade as ${sample.grade}`));
  return findings;
}

/** The result that the stored bytes give; undefined where the runbook has no such gate. */
async function judgedAgain(
  loaded: LoadedRunbook,
  outcome: Outcome,
  bodies: readonly Uint8Array[],
  answerOf: Parameters<typeof deriveGate>[2],
): Promise<GateResult | undefined> {
  if (!loaded.runbook.gates.some(({ id }) => id === outcome.gate)) return undefined;
  const gate = gateOf(loaded, outcome.gate);
  if (gate.readiness !== undefined) {
    const derived = await deriveGate(loaded, gate.id, answerOf);
    const [told] = derived.files;
    const same = told !== undefined && Buffer.compare(told.bytes, bodies[0] ?? new Uint8Array()) === 0;
    return same ? derived.result : undefined;
  }
  const observation = observed(gate, outcome, bodies[0]);
  if (observation !== undefined)
    return judge(gate.id, observation, gate.expect, overrideOf(loaded.overrides, gate.id));
  // Nothing answered: whatever it was, it holds, and says why in one code.
  const { kind, reasonCodes } = outcome;
  return {
    gate: gate.id,
    kind: kind === 'answered' ? 'malformed' : kind,
    verdict: 'hold',
    health: 'unknown',
    rolloutGate: 'hold',
    reasonCodes: reasonCodes.slice(0, 1),
    failing: false,
    detail: '',
    recommendations: [],
  };
}

/** Undefined where nothing answered. */
function observed(
  gate: Parameters<typeof observe>[0],
  { tries, status, exitCode, detail }: Outcome,
  body: Uint8Array | undefined,
): Observation | undefined {
  const came = {
    body: body ?? new Uint8Array(),
    stderr: new Uint8Array(),
    tries: [],
    redactions: {},
    presentBefore: {},
    status: status ?? undefined,
    exitCode: exitCode ?? undefined,
  };
  const last = tries.at(-1)?.outcome;
  if (last === 'answered') return observe(gate, { ...came, kind: 'answered' });
  if (isExitCodeReader(gate.reader) && last === 'command_failed' && exitCode !== null)
    return observe(gate, { ...came, kind: 'unreachable', code: 'command_failed', detail });
  return undefined;
}

function verdictFindings(where: string, outcome: Outcome, again: GateResult | undefined): readonly Finding[] {
  if (again === undefined)
    return [finding('verdict_differs', where, 'the runbook has no such gate, or it does not follow')];
  const told = resultOf({ ...outcome, files: [] });
  return compared(told) === compared(again)
    ? []
    : [
        finding(
          'verdict_differs',
          where,
          `told as ${told.verdict}, and its answer comes to ${again.verdict}`,
        ),
      ];
}

function compared(result: GateResult): string {
  return Buffer.from(canonicalBytes({ ...plainOf(result), detail: '' })).toString('utf8');
}

function plainOf({ reasonCodes, recommendations, ...result }: GateResult): object {
  return { ...result, reasonCodes: [...reasonCodes], recommendations: [...recommendations] };
}

/** Markers in the answer are those that were put in, and those that stood there before. */
function countFindings(where: string, outcome: Outcome, bodies: readonly Uint8Array[]): readonly Finding[] {
  const { redactions, presentBefore } = outcome;
  if (presentBefore === undefined) return [];
  const told = sum(redactions, presentBefore);
  return isSame(sum(...bodies.map(markersIn)), told)
    ? []
    : [finding('redaction_count_mismatch', where, 'other markers than its outcome counts')];
}

type Counts = Readonly<Record<string, number>>;

function sum(...counts: readonly Counts[]): Counts {
  const total = new Map<string, number>();
  for (const [name, n] of counts.flatMap((each) => Object.entries(each)))
    total.set(name, (total.get(name) ?? 0) + n);
  return Object.fromEntries(total);
}

function isSame(one: Counts, other: Counts): boolean {
  const sorted = (counts: Counts): string =>
    JSON.stringify(
      Object.entries(counts)
        .filter(([, n]) => n > 0)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return sorted(one) === sorted(other);
}

const closed = z.looseObject({
  round: z.string(),
  gates: z.array(z.looseObject({ gate: z.string(), verdict: z.string(), kind: z.string() })),
});

/** What the journal tells of a round is what the round's outcomes say. */
async function checkEntry(files: RunFiles, { kind, body, seq }: CheckedEntry): Promise<readonly Finding[]> {
  if (kind !== 'round-closed' && kind !== 'preflight-closed') return [];
  const where = `journal.jsonl:${seq}`;
  const told = closed.safeParse(body);
  if (!told.success) return [finding('verdict_differs', where, 'no round')];
  const findings: Finding[] = [];
  for (const { gate, verdict, kind: answered } of told.data.gates) {
    const outcome = await readForm(files, `${told.data.round}/${gate}.outcome.json`, gateOutcomeSchema);
    if (outcome?.verdict !== verdict || outcome.kind !== answered)
      findings.push(finding('verdict_differs', where, `${gate} is told as ${verdict}, its outcome differs`));
  }
  return findings;
}
