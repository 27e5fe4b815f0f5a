import { parseSet } from './variables.js';
import { join, resolve } from 'node:path';

import type { GateOutcome } from '../contracts/gate-outcome.js';
import { createWiring } from '../wiring.js';
import { parseCommit, parseTarget, untilStopped, type Context } from './context.js';
import { Interrupted } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain, type Output } from './output.js';
import { reasonLines, reasonsOf } from './reason-codes.js';
import { gateLines } from './render.js';
import type { ShownGate } from './status-document.js';

export interface ValidateFlags {
  readonly runbook?: string;
  readonly target?: string;
  readonly set: readonly string[];
  readonly commit?: string;
}

/** All gates now, with evidence, without Temporal. */
export async function validate({ config, output }: Context, flags: ValidateFlags): Promise<ExitCode> {
  const runbookFile = runbookOf(config, flags);
  const set = parseSet(flags.set);
  const signal = untilStopped();
  const report = await createWiring(config).validate({
    runbookFile,
    set,
    commit: flags.commit === undefined ? undefined : parseCommit(flags.commit),
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
  const held = report.gates.filter(({ verdict }) => verdict !== 'pass').length;
  output.say(
    report.passed
      ? `${output.paint('green', 'GO')}: all ${report.gates.length} gates pass`
      : `${output.paint('red', 'NO-GO')}: ${held} of ${report.gates.length} gates hold`,
  );
  output.say(`evidence  ${report.evidence}`);
  return exitCode;
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
