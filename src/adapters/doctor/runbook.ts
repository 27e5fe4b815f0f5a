import { access } from 'node:fs/promises';

import type { GitPlace } from '../../contracts/git-place.js';
import { InputError } from '../../contracts/input-error.js';
import { referencesIn } from '../../contracts/variable-references.js';
import { ok, notChecked, warning, wrong, type DoctorFinding } from '../../domain/doctor/finding.js';
import { commandsOf } from '../admission.js';
import { createGitCommand } from '../git/command.js';
import { GitError } from '../git/error.js';
import { reachTip } from '../git/reach.js';
import type { LoadedRunbook } from '../runbook/load.js';
import { policyFindings } from '../runbook/policy.js';
import { readRunbook, type WrittenRunbook } from '../runbook/read.js';
import { resolveRunbook } from '../runbook/resolve.js';
import { openSecrets, originOf, type VariableSources } from '../runbook/variables.js';
import { SignatureError } from '../signatures/error.js';
import { remoteAt, type Secrets } from '../steps/git-place.js';
import { commandProblem } from '../steps/requirements.js';

/** A target and its runbook, as it is written. */
export interface TargetRead {
  /** For people: the target, or that the runbook is that of all. */
  readonly name: string;
  readonly file: string;
  readonly written: WrittenRunbook | undefined;
  /** What is wrong in it. */
  readonly findings: readonly DoctorFinding[];
}

export interface Surroundings extends VariableSources {
  /** What relative working directories are relative to. */
  readonly workingDirectory: string;
  readonly mirrorsDir: string;
  /** From now on these are kept out of what is told. */
  readonly remember: (secrets: Secrets) => void;
}

const REMOTE_MS = 10_000;

/** Reads a target's runbook as it is written; no variable needs a value. */
export async function readTarget(name: string, file: string): Promise<TargetRead> {
  try {
    const written = await readRunbook(file);
    return { name, file, written, findings: [ok('runbook', file, `can be read, for ${name}`)] };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { name, file, written: undefined, findings: brokenRunbook(name, file, error) };
  }
}

function brokenRunbook(name: string, file: string, { problems }: InputError): readonly DoctorFinding[] {
  return problems.map((problem) =>
    wrong('runbook', name, problem, `correct it; \`promote runbook check ${file}\` checks it again`),
  );
}

/**
 * What a target's runbook needs of this machine: values of its variables, commands, remotes, files of keys. Runs no command of
 * it and asks no gate.
 */
export async function examineTarget(read: TargetRead, here: Surroundings): Promise<readonly DoctorFinding[]> {
  const { name, written } = read;
  if (written === undefined)
    return [
      ...read.findings,
      ...notLooked(name, ['variables', 'commands', 'git-remote', 'policy'], 'the runbook is broken'),
    ];
  const missing = missingVariables(written, here);
  const variables = missing.map(({ variable, env, description }) =>
    wrong(
      'variables',
      name,
      `the variable ${variable}${description === undefined ? '' : ` (${description})`} has no value here`,
      env === undefined
        ? `give it a default or an env in ${read.file}`
        : `set ${env} in the environment of the worker`,
    ),
  );
  // What a secret's value is, only what is asked with it needs.
  if (missing.some(({ secret }) => !secret))
    return [
      ...read.findings,
      ...variables,
      ...notLooked(name, ['commands', 'git-remote', 'policy'], 'variables have no value'),
    ];
  const set = Object.fromEntries(missing.map(({ variable }) => [variable, 'missing']));
  here.remember(openSecrets(written.runbook, here));
  try {
    const loaded = await resolveRunbook(written, { ...here, set }, 'all', here.workingDirectory);
    const [commands, remotes, policy] = await Promise.all([
      examineCommands(name, loaded, here),
      examineRemotes(name, loaded, here),
      examinePolicy(read, loaded, here),
    ]);
    const given = missing.length > 0 ? variables : [ok('variables', name, 'every variable has a value')];
    return [...read.findings, ...given, ...commands, ...remotes, ...policy];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [
      ...read.findings,
      ...variables,
      ...brokenRunbook(name, read.file, error),
      ...notLooked(name, ['commands', 'git-remote', 'policy'], 'the runbook has no resolved form here'),
    ];
  }
}

function notLooked(
  name: string,
  checks: readonly DoctorFinding['check'][],
  why: string,
): readonly DoctorFinding[] {
  return checks.map((check) => notChecked(check, name, why));
}

/** Of those that stand somewhere in the runbook; that a variable is there says nothing of its value. */
function missingVariables({ runbook }: WrittenRunbook, sources: VariableSources) {
  const { variables, ...rest } = runbook;
  const used = new Set(referencesIn(JSON.stringify(rest)));
  return Object.entries(variables)
    .filter(([name, variable]) => used.has(name) && originOf(name, variable, sources).kind === 'none')
    .map(([variable, { env, description, secret }]) => ({ variable, env, description, secret }));
}

async function examineCommands(
  name: string,
  loaded: LoadedRunbook,
  { environment }: Surroundings,
): Promise<readonly DoctorFinding[]> {
  const commands = commandsOf(loaded);
  const problems = new Set<string>();
  for (const command of commands) {
    const problem = await commandProblem(command, environment);
    if (problem !== undefined) problems.add(problem);
  }
  const handedOn = new Set(commands.flatMap((command) => command.environment));
  const unset = [...handedOn].filter((variable) => environment[variable] === undefined);
  const findings = [
    ...[...problems].map((problem) => wrong('commands', name, ...halves(problem))),
    ...unset.map((variable) =>
      warning(
        'commands',
        name,
        `a command is handed on the variable ${variable}, which is not set here`,
        `set ${variable} in the environment of the worker, or take it out of the runbook`,
      ),
    ),
    ...(await examineAuthorities(name, loaded)),
  ];
  if (findings.length > 0) return findings;
  const programs = [...new Set(commands.map(({ argv: [program = ''] }) => program))];
  return [
    ok(
      'commands',
      name,
      programs.length === 0 ? 'it runs none' : `${programs.join(', ')} can be run from here`,
    ),
  ];
}

/** `what: what to do`, as our own problems are told. */
function halves(problem: string): [what: string, todo: string] {
  const at = problem.lastIndexOf(': ');
  return at < 0 ? [problem, 'correct it'] : [problem.slice(0, at), problem.slice(at + 2)];
}

/** Files of certificate authorities that questions name. */
async function examineAuthorities(
  name: string,
  { runbook }: LoadedRunbook,
): Promise<readonly DoctorFinding[]> {
  const { prerequisites: _none, gates, remediation, promotion, rollback } = runbook;
  const askers = [...gates, ...remediation.repairs, ...promotion.steps, ...rollback.steps];
  const files = new Set(askers.flatMap(({ http }) => http?.ca ?? []));
  const findings = await Promise.all(
    [...files].map(async (file) =>
      access(file).then(
        () => [],
        () => [
          wrong(
            'commands',
            name,
            `the certificate authority ${file} can't be read`,
            'correct http.ca, or its rights',
          ),
        ],
      ),
    ),
  );
  return findings.flat();
}

async function examineRemotes(
  name: string,
  loaded: LoadedRunbook,
  here: Surroundings,
): Promise<readonly DoctorFinding[]> {
  const places = gitPlacesOf(loaded);
  if (places.length === 0) return [ok('git-remote', name, 'it has no git step')];
  const git = createGitCommand({ mirrorsDir: here.mirrorsDir, env: here.environment, deadlineMs: REMOTE_MS });
  const secrets = openSecrets(loaded.runbook, here);
  return Promise.all(
    places.map(async (place) => {
      const where = `${name}, branch ${place.branch}`;
      try {
        const tip = await reachTip(git, remoteAt(place, secrets), undefined);
        return ok('git-remote', where, `${place.remote} answers: the branch is at ${tip.slice(0, 12)}`);
      } catch (error) {
        if (!(error instanceof GitError)) throw error;
        return wrong(
          'git-remote',
          where,
          `${error.code}: ${error.message}`,
          'see docs/how-to/connect-a-repository.md; that a push is taken is asked when a promotion is about to promote',
        );
      }
    }),
  );
}

export function gitPlacesOf({ runbook }: Pick<LoadedRunbook, 'runbook'>): readonly GitPlace[] {
  const { promotion, rollback } = runbook;
  const places = [
    ...promotion.steps.flatMap(({ git }) => git ?? []),
    ...rollback.steps.flatMap(({ gitRevert }) => gitRevert?.git ?? []),
  ];
  return places.filter(
    (place, index) =>
      places.findIndex(({ remote, branch }) => remote === place.remote && branch === place.branch) === index,
  );
}

async function examinePolicy(
  { name, file }: TargetRead,
  loaded: LoadedRunbook,
  { environment }: Surroundings,
): Promise<readonly DoctorFinding[]> {
  const todo = `correct it; \`promote policy check ${file}\` checks it again`;
  try {
    const found = await policyFindings(loaded, file, Date.now(), { searchPath: environment['PATH'] ?? '' });
    if (found.length > 0)
      return found.map(({ severity, code, file, line, message }) =>
        (severity === 'error' ? wrong : warning)(
          'policy',
          line === undefined ? file : `${file}:${line}`,
          `${message} [${code}]`,
          todo,
        ),
      );
    return [
      ok(
        'policy',
        name,
        loaded.signers === undefined
          ? 'nothing is signed: names are asserted'
          : 'its files of keys hold no trap',
      ),
    ];
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    return [wrong('policy', name, `${error.code}: ${error.message}`, todo)];
  }
}
