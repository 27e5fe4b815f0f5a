import { READINESS_PARTS, type ReadinessPartName } from '../domain/readiness-parts.js';
import type { ReadinessExpectations } from '../tau/readiness.js';

export const AUTH_MODES = ['token', 'none', 'password-session'] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

/** What was asked for: a flag goes before its variable, and that before the default. */
export interface ReadinessOptions {
  readonly baseUrl: string;
  readonly authMode: AuthMode;
  readonly token: string;
  /** Of a password-session; undefined: none was given. */
  readonly password: GivenPassword | undefined;
  readonly expectations: ReadinessExpectations;
  readonly timeoutMs: number;
  readonly quiet: boolean;
  readonly json: boolean;
  /** Undefined: no evidence is written. */
  readonly evidence: string | undefined;
  /** Blank: what is on PATH. */
  readonly operatorCommand: string;
  readonly workingDirectory: string;
}

/** As it stands in the environment, or in a file that is named there or by a flag: no password is an argument. */
export type GivenPassword = { readonly text: string } | { readonly file: string };

export type ParsedReadiness =
  | { readonly kind: 'options'; readonly options: ReadinessOptions }
  | { readonly kind: 'help' }
  /** One line, and whether the usage follows it. */
  | { readonly kind: 'refused'; readonly problem: string; readonly usage: boolean };

/** Of each setting its variable and its default. The validator's own come first; the runbook's variables are the same. */
const SETTINGS = {
  '--base-url': ['TAU_OPERATOR_BASE_URL', 'http://127.0.0.1:8787'],
  '--auth-mode': ['TAU_OPERATOR_AUTH_MODE', 'token'],
  '--auth-token': ['TAU_OPERATOR_AUTH_TOKEN', ''],
  '--expect-gateway-health-state': ['TAU_OPERATOR_EXPECT_GATEWAY_HEALTH_STATE', 'healthy'],
  '--expect-cortex-health-state': ['TAU_OPERATOR_EXPECT_CORTEX_HEALTH_STATE', 'healthy'],
  '--expect-operator-health-state': ['TAU_OPERATOR_EXPECT_OPERATOR_HEALTH_STATE', 'healthy'],
  '--expect-gateway-rollout-gate': ['TAU_OPERATOR_EXPECT_GATEWAY_ROLLOUT_GATE', 'pass'],
  '--expect-cortex-rollout-gate': ['TAU_OPERATOR_EXPECT_CORTEX_ROLLOUT_GATE', 'pass'],
  '--expect-operator-rollout-gate': ['TAU_OPERATOR_EXPECT_OPERATOR_ROLLOUT_GATE', 'pass'],
  '--timeout-seconds': ['TAU_OPERATOR_TIMEOUT_SECONDS', '20'],
  '--operator-command': ['TAU_OPERATOR_COMMAND', ''],
  '--working-directory': ['TAU_OPERATOR_WORKING_DIRECTORY', ''],
} as const;
type Setting = keyof typeof SETTINGS;

/** These have no default, and other variables or none. */
const FILES = ['--auth-password-file', '--evidence'] as const;
type Option = Setting | (typeof FILES)[number];

const ALL_GATES = '--expect-rollout-gate';

/**
 * The command line of Tau's validator, word by word from left to right, and what `promote readiness` takes beside it. The
 * wording of what is refused is the validator's (docs/reference/tau.md, "Usage lines").
 */
export function parseReadiness(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ParsedReadiness {
  const given = new Map<Option, string>();
  const switches = new Set<string>();
  for (let at = 0; at < args.length; at += 1) {
    const option = args[at] ?? '';
    if (option === '--help' || option === '-h') return { kind: 'help' };
    if (option === '--quiet' || option === '--json') {
      switches.add(option);
      continue;
    }
    const named = optionsOf(option);
    if (named.length === 0)
      return { kind: 'refused', problem: `error: unknown option '${shown(option)}'`, usage: true };
    const value = args[at + 1];
    if (value === undefined)
      return { kind: 'refused', problem: `error: ${option} needs a value`, usage: false };
    for (const each of named) given.set(each, value);
    at += 1;
  }
  const valueOf = (setting: Setting): string => {
    const [variable, otherwise] = SETTINGS[setting];
    const flag = given.get(setting);
    if (flag !== undefined) return flag;
    // As the shell's `:-`: an empty variable is none.
    const set = environment[variable];
    return set === undefined || set === '' ? otherwise : set;
  };
  const password = passwordOf(
    given.get('--auth-password-file'),
    environment['TAU_OPERATOR_AUTH_PASSWORD'],
    environment['TAU_OPERATOR_AUTH_PASSWORD_FILE'],
  );
  return checked(valueOf, { password, evidence: given.get('--evidence') }, switches);
}

function passwordOf(
  flag: string | undefined,
  text: string | undefined,
  file: string | undefined,
): GivenPassword | undefined {
  if (flag !== undefined) return { file: flag };
  if (text !== undefined && text !== '') return { text };
  return file === undefined || file === '' ? undefined : { file };
}

function optionsOf(option: string): readonly Option[] {
  if (option === ALL_GATES)
    return [
      '--expect-gateway-rollout-gate',
      '--expect-cortex-rollout-gate',
      '--expect-operator-rollout-gate',
    ];
  return isSetting(option) ? [option] : FILES.filter((file) => file === option);
}

function isSetting(option: string): option is Setting {
  return Object.hasOwn(SETTINGS, option);
}

/** In the validator's order. */
function checked(
  valueOf: (setting: Setting) => string,
  { password, evidence }: Pick<ReadinessOptions, 'password' | 'evidence'>,
  switches: ReadonlySet<string>,
): ParsedReadiness {
  const seconds = valueOf('--timeout-seconds');
  if (!/^[0-9]+$/.test(seconds)) return refused('error: --timeout-seconds must be a non-negative integer');
  const authMode = AUTH_MODES.find((mode) => mode === valueOf('--auth-mode'));
  if (authMode === undefined) return refused('error: --auth-mode must be token or none');
  const token = valueOf('--auth-token');
  if (authMode === 'token' && token === '')
    return refused('error: auth token required for token mode (set --auth-token or TAU_OPERATOR_AUTH_TOKEN)');
  if (authMode === 'password-session' && password === undefined)
    return refused(
      'error: password required for password-session mode (set TAU_OPERATOR_AUTH_PASSWORD or --auth-password-file)',
    );
  if (evidence === '') return refused('error: --evidence needs a folder');
  const expected = (surface: ReadinessPartName) => ({
    health: valueOf(`--expect-${surface}-health-state`),
    gate: valueOf(`--expect-${surface}-rollout-gate`),
  });
  const [gateway, cortex, operator] = READINESS_PARTS;
  return {
    kind: 'options',
    options: {
      baseUrl: valueOf('--base-url'),
      authMode,
      token,
      password,
      expectations: { gateway: expected(gateway), cortex: expected(cortex), operator: expected(operator) },
      timeoutMs: timeoutOf(seconds),
      quiet: switches.has('--quiet'),
      json: switches.has('--json'),
      evidence,
      operatorCommand: valueOf('--operator-command'),
      workingDirectory: valueOf('--working-directory'),
    },
  };
}

function refused(problem: string): ParsedReadiness {
  return { kind: 'refused', problem, usage: false };
}

const LONGEST_SECONDS = 86_400;

/** For curl 0 is no limit. Here it is the longest one, a day: nothing is waited for without a limit. */
function timeoutOf(seconds: string): number {
  const number = Number(seconds);
  return (number === 0 ? LONGEST_SECONDS : Math.min(number, LONGEST_SECONDS)) * 1000;
}

/** A word of the command line, on one line. */
function shown(option: string): string {
  return option.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029\p{Surrogate}]/gu, '').slice(0, 200);
}
