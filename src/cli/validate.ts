import { parseSet } from './variables.js';
import { join, resolve } from 'node:path';

import type { GateOutcome } from '../contracts/gate-outcome.js';
import { overrideText } from '../domain/override.js';
import { createWiring, type ValidationReport } from '../wiring.js';
import { parseCommit, parseTarget, type Context } from './context.js';
import { untilStopped } from './stop-signal.js';
import { Interrupted } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain, type Output } from './output.js';
import { reasonLines, reasonsOf } from './reason-codes.js';
import { gateLines } from './render.js';
import { shownOverride, type ShownGate } from './status-document.js';
import { parseExpectations, type ExpectFlags } from './expectations.js';

export interface ValidateFlags extends ExpectFlags {
  readonly runbook?: string;
  readonly target?: string;
  readonly set: readonly string[];
  readonly commit?: string;
}

/** All gates now, with evidence, without Temporal. */
export async function validate({ config, output }: Context, flags: ValidateFlags): Promise<ExitCode> {
  const runbookFile = runbookOf(config, flags);
  const set = parseSet(flags.set);
  const overrides = parseExpectations(flags);
  const signal = untilStopped();
  const report = await createWiring(config).validate({
    runbookFile,
    set,
    commit: flags.commit === undefined ? undefined : parseCommit(flags.commit),
    overrides,
    signal,
    onGate: (outcome) => {
      if (!output.json) for (const line of shownLines(output, outcome)) output.say(line);
    },
  });
  if (signal.aborted)
    throw new Interrupted(`stopped before all gates answered; what came is in ${report.evidence}`);
  const exitCode = exitOf(report);
  output.document({
    passed: report.passed,
    overrides: report.overrides.map(shownOverride),
    exitCode,
    runbook: runbookFile,
    evidence: report.evidence,
    problems: report.problems,
    reasons: reasonsOf(report.gates.map(shown)),
    gates: report.gates.map((outcome) => {
      const { kind, detail, durationMs, recommendations } = outcome;
      return { ...shown(outcome), kind, detail, durationMs, recommendations };
    }),
  });
  for (const problem of report.problems) output.note(`promote: prerequisite not met: ${plain(problem)}`);
  if (exitCode === EXIT.outOfReach)
    output.note('promote: no gate reached the target: check that it runs, and its base URL');
  output.say(outcomeLine(output, report));
  for (const override of report.overrides) output.say(`overridden  ${overrideText(override)}`);
  output.say(`evidence  ${report.evidence}`);
  return exitCode;
}

function outcomeLine(output: Output, { passed, gates }: ValidationReport): string {
  const count = (wanted: GateOutcome['verdict']): number =>
    gates.filter(({ verdict }) => verdict === wanted).length;
  if (!passed) return `${output.paint('red', 'NO-GO')}: ${count('hold')} of ${gates.length} gates hold`;
  const overridden = count('overridden');
  return overridden === 0
    ? `${output.paint('green', 'GO')}: all ${gates.length} gates pass`
    : `${output.paint('yellow', 'GO, not earned')}: ${count('pass')} gates pass, ${overridden} only by an override`;
}

function exitOf({
  passed,
  problems,
  gates,
}: {
  passed: boolean;
  problems: readonly string[];
  gates: readonly GateOutcome[];
}): ExitCode {
  if (passed) return EXIT.done;
  if (problems.length > 0) return EXIT.badInput;
  // What is derived asks nothing, so it was tried not once.
  const asked = gates.filter(({ tries }) => tries.length > 0);
  return asked.length > 0 && asked.every(({ kind }) => kind === 'unreachable') ? EXIT.outOfReach : EXIT.held;
}

function runbookOf(config: Context['config'], { runbook, target }: ValidateFlags): string {
  if (runbook !== undefined) return resolve(config.workingDirectory, runbook);
  if (target !== undefined) return config.runbookFor(parseTarget(target));
  return join(config.packageRoot, 'runbooks', 'operator-readiness.yaml');
}

function shown({ gate, verdict, health, rolloutGate, reasonCodes }: GateOutcome): ShownGate {
  return { id: gate, verdict, health, gate: rolloutGate, reasonCodes };
}

function shownLines(output: Output, outcome: GateOutcome): string[] {
  const gate = shown(outcome);
  const detail = outcome.detail === '' ? [] : [plain(outcome.detail)];
  const below = [...detail, ...reasonLines(output, reasonsOf([gate]))];
  return [...gateLines(output, [gate]), ...below.map((line) => `      ${line}`)];
}
