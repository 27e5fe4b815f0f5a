import { Command } from 'commander';

import type { Context } from './context.js';
import type { DecideFlags } from './decide.js';
import type { DoctorFlags } from './doctor.js';
import { ReadinessNotFirst } from './errors.js';
import type { ExitCode } from './exit-codes.js';
import type { EvidenceTrustFlags } from './evidence-trust.js';
import { addExpectations } from './expectations.js';
import type { FollowFlags } from './follow.js';
import type { ListFlags } from './list.js';
import type { PolicyCheckFlags } from './policy-check.js';
import type { OrderFlags } from './order.js';
import { addEvidenceReading } from './program-evidence.js';
import type { ReconcileFlags } from './reconcile.js';
import type { RehearseFlags } from './rehearse.js';
import type { RunbookShowFlags } from './runbook-show.js';
import type { ServerFlags } from './server.js';
import type { StartFlags } from './start.js';
import type { ValidateFlags } from './validate.js';

export interface GlobalFlags {
  readonly json?: boolean;
  readonly settings?: string;
  readonly as?: string;
  readonly signingKey?: string;
}

/** Runs one command: settings are read, and its module is loaded, only now. */
export type Run = (flags: GlobalFlags, command: (context: Context) => Promise<ExitCode>) => Promise<void>;

/** The command line's syntax alone, so that `--help` loads nothing else. */
export function createProgram(run: Run): Command {
  const program = new Command('promote')
    .description(
      'A go/no-go runbook run as a Temporal workflow: gates, decisions, promotion, watch, rollback, evidence.',
    )
    .option('--json', 'documents or JSON lines on stdout, everything else on stderr')
    .option('--settings <file>', 'settings of this deployment (default: promote.yaml, or PROMOTE_SETTINGS)')
    .option('--as <name>', 'who asks or decides (default: PROMOTE_IDENTITY, else user@host)')
    .option(
      '--signing-key <file>',
      'signs it: a private key, or the .pub of a key in ssh-agent (default: PROMOTE_SIGNING_KEY)',
    )
    .option('-V, --version', 'print the version')
    .helpOption('-h, --help', 'help, also after a command')
    .configureHelp({ showGlobalOptions: true })
    // Errors are told in one place, on one line.
    .configureOutput({ outputError: () => undefined, writeErr: () => undefined })
    .exitOverride();
  const go = (command: Command, start: (context: Context) => Promise<ExitCode>): Promise<void> =>
    run(command.optsWithGlobals<GlobalFlags>(), start);
  addLocal(program, go);
  addPolicy(program, go);
  addExplain(program, go);
  addPromotion(program, go);
  addReconcile(program, go);
  addDecisions(program, go);
  addOrders(program, go);
  addEvidence(program, go);
  addParts(program, go);
  return program.addHelpText(
    'after',
    `
Exit codes: 0 done, promoted or passing · 1 held, stopped, rejected, expired, aborted, promoted with warnings
            2 usage, settings or runbook · 3 rolled back · 4 rollback failed · 5 Temporal or target out of reach
Example:
  $ promote rehearse --yes`,
  );
}

type Go = (command: Command, start: (context: Context) => Promise<ExitCode>) => Promise<void>;

function addLocal(program: Command, go: Go): void {
  example(program.command('rehearse'), 'promote rehearse --scenario failing-after-promotion --yes')
    .description('the whole pipeline against a stand-in Tau; starts a Temporal server where none runs')
    .option('--scenario <name>', 'what happens in it', 'healthy')
    .option('--yes', "decide as the rehearsal's approver; needed without a terminal")
    .option('--list', 'the scenarios, and how each ends')
    .option('--keep', "keep the stand-in's folders and its git remote, not the evidence alone")
    .option('--set <name=value>', 'a variable of the runbook; may be repeated', collect, [])
    .action(async (flags: RehearseFlags, command: Command) =>
      go(command, async (context) => (await import('./rehearse.js')).rehearse(context, flags)),
    );
  // bin/promote takes it up before this; here it is for the list of commands, and where other options stand before its name.
  example(program.command('readiness'), 'promote readiness --base-url http://127.0.0.1:8787')
    .description(
      "Tau's readiness check, in place of its script; `promote readiness --help` lists its options",
    )
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new ReadinessNotFirst();
    });
  addExpectations(
    example(program.command('validate'), 'promote validate --set baseUrl=http://127.0.0.1:8080'),
  )
    .description('all gates now, with evidence; needs no Temporal')
    .option('--runbook <file>', 'the runbook to ask (default: the shipped one)')
    .option('--target <target>', 'the runbook of this target in promote.yaml')
    .option('--commit <commit>', 'what gates that ask about the commit ask about: its full hash')
    .option('--set <name=value>', 'a variable of the runbook; may be repeated', collect, [])
    .action(async (flags: ValidateFlags, command: Command) =>
      go(command, async (context) => (await import('./validate.js')).validate(context, flags)),
    );
  const runbook = program.command('runbook').description('check runbooks, and what they mean');
  example(runbook.command('check'), 'promote runbook check runbooks/')
    .description('say what is wrong in runbooks, with file:line:column')
    .argument('<file-or-folder...>', 'runbooks; of a folder its .yaml and .yml files')
    .action(async (files: string[], _flags: unknown, command: Command) =>
      go(command, async (context) => (await import('./runbook-check.js')).runbookCheck(context, files)),
    );
  example(runbook.command('show'), 'promote runbook show --resolved --target tau-production')
    .description('every value of a runbook, and where it comes from; secrets by name only')
    .argument('[file]', 'the runbook (default: the shipped one)')
    .option('--target <target>', 'the runbook of this target in promote.yaml')
    .option('--resolved', 'with the values of its variables, and the digest that a promotion is bound to')
    .option('--set <name=value>', 'a variable of the runbook; may be repeated', collect, [])
    .action(async (file: string | undefined, flags: RunbookShowFlags, command: Command) =>
      go(command, async (context) => (await import('./runbook-show.js')).runbookShow(context, file, flags)),
    );
  example(runbook.command('schema'), 'promote runbook schema > runbooks/runbook.schema.json')
    .description('the JSON Schema of a runbook, for editors')
    .action(async (_flags: unknown, command: Command) =>
      go(command, async (context) => (await import('./runbook-schema.js')).runbookSchema(context)),
    );
}

function addPolicy(program: Command, go: Go): void {
  const policy = program.command('policy').description('check who may decide, and by which keys');
  example(policy.command('check'), 'promote policy check --target tau-production')
    .description('every trap in the files of keys beside a runbook, by name, with file:line')
    .argument('[file]', 'the runbook (default: the shipped one)')
    .option('--target <target>', 'the runbook of this target in promote.yaml')
    .option('--set <name=value>', 'a variable of the runbook; may be repeated', collect, [])
    .action(async (file: string | undefined, flags: PolicyCheckFlags, command: Command) =>
      go(command, async (context) => (await import('./policy-check.js')).policyCheck(context, file, flags)),
    );
}

function addExplain(program: Command, go: Go): void {
  example(program.command('explain'), 'promote explain cortex_observer_events_stale http_status_503')
    .description('what reason codes mean, what to do, and whether remediation can help')
    .argument('<code...>')
    .action(async (codes: string[], _flags: unknown, command: Command) =>
      go(command, async (context) => (await import('./explain.js')).explain(context, codes)),
    );
}

function addPromotion(program: Command, go: Go): void {
  addSigning(
    addExpectations(
      example(
        program.command('start'),
        'promote start --target tau-production --commit "$(git rev-parse HEAD)" --follow',
      ),
    ),
  )
    .description('start a promotion')
    .requiredOption('--target <target>', 'what is promoted into; one open promotion each')
    .requiredOption('--commit <hash>', 'the full commit hash')
    .option('--reason <text>', 'why; part of the evidence')
    .option('--again', 'promote a commit that was rolled back before; needs --reason')
    .option('--follow', 'follow it to its end')
    .action(async (flags: StartFlags, command: Command) =>
      go(command, async (context) => (await import('./start.js')).start(context, flags)),
    );
  example(program.command('follow'), 'promote follow tau-production')
    .description('follow a promotion to its end; the exit code is its end')
    .argument('<target>')
    .option('--until-settled', 'end, with exit code 4, also when a rollback failed and waits for a person')
    .option('--patience <seconds>', 'how long the server may be away', '300')
    .action(async (target: string, flags: FollowFlags, command: Command) =>
      go(command, async (context) => (await import('./follow.js')).follow(context, target, flags)),
    );
  example(program.command('status'), 'promote status tau-production --json')
    .description('where a promotion is, and what can be done')
    .argument('<target>')
    .action(async (target: string, _flags: unknown, command: Command) =>
      go(command, async (context) => (await import('./status.js')).status(context, target)),
    );
  example(program.command('list'), 'promote list --all --limit 20')
    .description('open promotions, newest first')
    .option('--all', 'ended ones too')
    .option('--waiting-for <name>', 'those that this approver may still decide on')
    .option('--limit <number>', 'at most so many', '100')
    .action(async (flags: ListFlags, command: Command) =>
      go(command, async (context) => (await import('./list.js')).list(context, flags)),
    );
}

function addReconcile(program: Command, go: Go): void {
  example(program.command('reconcile'), 'promote reconcile --target tau-production')
    .description('roll back promotions whose workflows were ended from outside')
    .option('--target <target>', 'of this target alone')
    .option(
      '--run <run>',
      'this run too, which is left alone else; you vouch that it has ended and is to be rolled back',
    )
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--every <duration>', 'have the worker do it by itself that often (a worker begins with 1m)')
    .option('--stop', 'no longer have the worker do it by itself')
    .option('--reason <text>', 'why; part of the evidence')
    .action(async (flags: ReconcileFlags, command: Command) =>
      go(command, async (context) => (await import('./reconcile.js')).reconcile(context, flags)),
    );
}

function addDecisions(program: Command, go: Go): void {
  const digest =
    'decide only if this is what awaits: its digest, or the first 8 digits or more; needed without a terminal';
  addSigning(
    example(
      program.command('approve'),
      'promote approve tau-production --as alice@example.org --signing-key ~/.ssh/id_ed25519',
    ),
  )
    .description('show what awaits a decision, and approve it')
    .argument('<target>')
    .option('--comment <text>', 'part of the evidence')
    .option('--digest <hex>', digest)
    .action(async (target: string, flags: DecideFlags, command: Command) =>
      go(command, async (context) => (await import('./decide.js')).decide(context, 'approve', target, flags)),
    );
  addSigning(
    example(
      program.command('reject'),
      'promote reject tau-production --comment "not before the freeze ends"',
    ),
  )
    .description('reject what awaits a decision; a fresh run is needed then')
    .argument('<target>')
    .requiredOption('--comment <text>', 'why; part of the evidence')
    .option('--digest <hex>', digest)
    .action(async (target: string, flags: DecideFlags, command: Command) =>
      go(command, async (context) => (await import('./decide.js')).decide(context, 'reject', target, flags)),
    );
}

function addOrders(program: Command, go: Go): void {
  const orders = [
    ['abort', 'end a promotion before it promotes', 'wrong commit'],
    ['rollback', 'roll back while promoting or watching', 'error rate doubled'],
    ['remediated', 'say that the manual repair, which it waits for, is done', 'daemon restarted'],
    ['retry-rollback', 'try a failed rollback again', 'gateway host is back'],
    ['acknowledge', 'end a promotion whose rollback failed', 'stopped by hand, ticket 4711'],
  ] as const;
  for (const [action, description, reason] of orders)
    addSigning(example(program.command(action), `promote ${action} tau-production --reason "${reason}"`))
      .description(description)
      .argument('<target>')
      .requiredOption('--reason <text>', 'why; part of the evidence')
      .action(async (target: string, flags: OrderFlags, command: Command) =>
        go(command, async (context) => (await import('./order.js')).order(context, action, target, flags)),
      );
}

function addEvidence(program: Command, go: Go): void {
  const evidence = program
    .command('evidence')
    .description('what runs left: list, verify, read, seal; and whose signature on it is believed');
  example(evidence.command('key'), 'promote evidence key > worker.pub')
    .description("the public half of this worker's signing key, which is made where there is none")
    .action(async (_flags: unknown, command: Command) =>
      go(command, async (context) => (await import('./evidence-key.js')).evidenceKey(context)),
    );
  example(evidence.command('trust'), 'promote evidence trust worker.pub --deployment tau-eu')
    .description("enrol a worker's public key, once its owner has told you its keyid")
    .argument('<file>', 'what `promote evidence key` printed there, or a public key in PEM')
    .option('--keyid <sha256>', 'trust this key and no other; needed without a terminal')
    .option('--deployment <name>', "whose evidence it signs (default: as printed, else the settings')")
    .option('--not-before <time>', 'from when on, UTC (default: now)')
    .option('--not-after <time>', 'until before when, UTC (default: until it is retired)')
    .option('--trusted-keys <file>', "the file of trusted keys (default: the settings')")
    .action(async (file: string, flags: EvidenceTrustFlags, command: Command) =>
      go(command, async (context) =>
        (await import('./evidence-trust.js')).evidenceTrust(context, file, flags),
      ),
    );
  addEvidenceReading(evidence, go, example, addSigning);
}

function addParts(program: Command, go: Go): void {
  example(program.command('doctor'), 'promote doctor --target tau-production')
    .description('what would keep promotions from working on this machine, each with what to do')
    .option('--target <target>', 'of this target alone (default: all that promote.yaml lists)')
    .option('--dry-run', 'only look: add no search attribute, and ask no worker')
    .action(async (flags: DoctorFlags, command: Command) =>
      go(command, async (context) => (await import('./doctor.js')).doctor(context, flags)),
    );
  example(program.command('server'), 'promote server --port 7233')
    .description('a Temporal server, kept in the foreground')
    .option('--port <number>', 'its port (default: a free one)')
    .action(async (flags: ServerFlags, command: Command) =>
      go(command, async (context) => (await import('./server.js')).server(context, flags)),
    );
  example(program.command('worker'), 'promote worker --settings /etc/promote.yaml')
    .description('the worker that asks, promotes, watches and rolls back')
    .addHelpText(
      'after',
      '\nPROMOTE_LOG=json: its log as JSON; PROMOTE_METRICS_ADDRESS and PROMOTE_HEALTH_ADDRESS: where it shows both',
    )
    .action(async (_flags: unknown, command: Command) =>
      go(command, async (context) => (await import('./worker.js')).worker(context)),
    );
  example(program.command('use-build'), 'promote use-build 2026-11-26-4f0c2a9')
    .description('have the workers of one build (PROMOTE_BUILD_ID) take over every promotion')
    .argument('<build>')
    .action(async (build: string, _flags: unknown, command: Command) =>
      go(command, async (context) => (await import('./use-build.js')).useBuild(context, build)),
    );
}

/** For statements, whoever makes one: signed here, or elsewhere. */
function addSigning(command: Command): Command {
  return command
    .option('--dry-run', 'show what would be sent, and send nothing')
    .option('--print-statement', 'print the statement, to be signed elsewhere, and send nothing')
    .option('--signature-file <file>', 'send a statement with the signature that was made elsewhere')
    .option('--statement-file <file>', 'that statement (default: the signature file without .sig)');
}

function example(command: Command, line: string): Command {
  return command.addHelpText('after', `\nExample:\n  $ ${line}`);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
