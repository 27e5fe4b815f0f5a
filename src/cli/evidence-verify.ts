import { resolve } from 'node:path';

import { InputError } from '../contracts/input-error.js';
import { isWarning, type Finding } from '../domain/verification.js';
import { createEvidenceWiring, holds, type VerifiedRun } from '../evidence-wiring.js';
import { parseTarget, type Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { trustedKeysFile } from './evidence-trust.js';
import { plain, type Output } from './output.js';

export interface EvidenceVerifyFlags {
  readonly target?: string;
  readonly all?: boolean;
  readonly allowedSigners?: string;
  readonly revokedKeys?: string;
  readonly trustedKeys?: string;
  readonly anchor?: string;
}

/** `evidence verify`: a folder, a run of this store, or all runs of a target as one chain. Exit 1 with any failure. */
export async function evidenceVerify(
  { config, output }: Context,
  given: string | undefined,
  flags: EvidenceVerifyFlags,
): Promise<ExitCode> {
  const wiring = createEvidenceWiring(config);
  const path = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : resolve(config.workingDirectory, file);
  const trust = {
    allowedSigners: path(flags.allowedSigners),
    revokedKeys: path(flags.revokedKeys),
    trustedKeys: trustedKeysFile(config, flags.trustedKeys),
    anchor: flags.anchor === undefined ? undefined : parseAnchor(flags.anchor),
  };
  if (flags.all === true) {
    if (given !== undefined || flags.target === undefined)
      throw new InputError('bad_usage', ['--all verifies all runs of --target: name the target, and no run']);
    const target = parseTarget(flags.target);
    const { runs, findings } = await wiring.verifyTarget(target, trust);
    for (const run of runs) tell(output, run);
    const good = holds(findings) && runs.every((run) => holds(run.findings));
    output.document({ target, holds: good, runs: runs.length, findings });
    for (const line of findingLines(output, findings)) output.say(line);
    output.say(
      `${target}: ${runs.length === 1 ? '1 run' : `${runs.length} runs`}, ${good ? 'all of them hold' : 'NOT as they were'}`,
    );
    return good ? EXIT.done : EXIT.held;
  }
  if (given === undefined)
    throw new InputError('bad_usage', ['name a run or its folder, or all runs with --all --target TARGET']);
  const verified = await wiring.verifyRun(await wiring.place(given), trust);
  tell(output, verified);
  return holds(verified.findings) ? EXIT.done : EXIT.held;
}

function tell(output: Output, run: VerifiedRun): void {
  const good = holds(run.findings);
  output.document({ ...run, end: run.end ?? null, manifest: run.manifest ?? null, holds: good });
  const mark = good ? output.paint('green', 'holds') : output.paint('red', 'FAILS');
  output.say(`${mark}  ${plain(run.run)}  ${plain(run.end ?? 'unsealed')}  ${run.manifest ?? ''}`.trimEnd());
  for (const line of findingLines(output, run.findings)) output.say(`  ${line}`);
}

function findingLines(output: Output, findings: readonly Finding[]): readonly string[] {
  return findings.map((finding) => {
    const { code, where, detail } = finding;
    return `${output.paint(isWarning(finding) ? 'yellow' : 'red', code)}  ${plain(where)}: ${plain(detail)}`;
  });
}

function parseAnchor(given: string): string {
  if (/^sha256:[0-9a-f]{64}$/.test(given)) return given;
  throw new InputError('bad_usage', [
    `--anchor ${JSON.stringify(given.slice(0, 80))} can't be: the manifest's digest as the promotion's result, or a notification, named it: sha256:…`,
  ]);
}
