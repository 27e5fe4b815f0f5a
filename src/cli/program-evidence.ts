import type { Command } from 'commander';

import type { Context } from './context.js';
import type { EvidenceReportFlags } from './evidence-report.js';
import type { EvidenceSealFlags } from './evidence-seal.js';
import type { EvidenceVerifyFlags } from './evidence-verify.js';
import type { ExitCode } from './exit-codes.js';

type Go = (command: Command, start: (context: Context) => Promise<ExitCode>) => Promise<void>;

/** The syntax of what is read of evidence, and of sealing what was left unsealed. */
export function addEvidenceReading(
  evidence: Command,
  go: Go,
  example: (command: Command, line: string) => Command,
  addSigning: (command: Command) => Command,
): void {
  example(evidence.command('list'), 'promote evidence list --target tau-production')
    .description('every run of a target, and runs that were sealed and are gone; exit 1 with a gap')
    .option('--target <target>', 'of this target alone')
    .action(async (flags: { target?: string }, command: Command) =>
      go(command, async (context) => (await import('./evidence-list.js')).evidenceList(context, flags)),
    );
  example(evidence.command('show'), 'promote evidence show 20260102T030405678Z-5f0c2a9e')
    .description('what the evidence of a run says: who, what, how it ended, its journal and files')
    .argument('<run-or-folder>')
    .action(async (run: string, _flags: object, command: Command) =>
      go(command, async (context) => (await import('./evidence-show.js')).evidenceShow(context, run)),
    );
  example(
    evidence.command('verify'),
    'promote evidence verify --all --target tau-production --trusted-keys keys.json --allowed-signers allowed_signers',
  )
    .description('whether evidence is what was sealed, by its bytes and the keys that you trust')
    .argument('[run-or-folder]')
    .option('--all', 'all runs of --target, as one chain')
    .option('--target <target>', 'with --all')
    .option('--trusted-keys <file>', 'keys that may sign evidence (default: trusted-keys.json)')
    .option('--allowed-signers <file>', 'keys that may decide; yours, not those in the folder')
    .option('--revoked-keys <file>', 'a list of revoked keys (KRL)')
    .option('--anchor <digest>', "the newest manifest's digest, as you know it from elsewhere")
    .action(async (run: string | undefined, flags: EvidenceVerifyFlags, command: Command) =>
      go(command, async (context) =>
        (await import('./evidence-verify.js')).evidenceVerify(context, run, flags),
      ),
    );
  example(
    evidence.command('report'),
    'promote evidence report 20260102T030405678Z-5f0c2a9e --html > report.html',
  )
    .description('what happened in a run, for a person')
    .argument('<run-or-folder>')
    .option('--html', 'as a page to read and print')
    .action(async (run: string, flags: EvidenceReportFlags, command: Command) =>
      go(command, async (context) =>
        (await import('./evidence-report.js')).evidenceReport(context, run, flags),
      ),
    );
  addSigning(
    example(
      evidence.command('seal'),
      'promote evidence seal tau-production --reason "server lost, ticket 4711"',
    ),
  )
    .description("close the evidence of a target's last run whose workflow is gone, on your word")
    .argument('<target>')
    .requiredOption('--reason <text>', 'why; part of the evidence')
    .action(async (target: string, flags: EvidenceSealFlags, command: Command) =>
      go(command, async (context) =>
        (await import('./evidence-seal.js')).evidenceSeal(context, target, flags),
      ),
    );
}
