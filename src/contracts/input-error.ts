/** What a user, a runbook or the settings did wrong. The command line ends with exit code 2 on any of them. */
export type InputErrorCode =
  'invalid_runbook' | 'invalid_settings' | 'missing_variable' | 'unknown_commit' | 'bad_target' | 'bad_usage';

/**
 * A mistake that a person can put right, told without a stack trace.
 *
 * `problems` are single lines, each saying what is wrong, where (`file:line:column: path: …` where there is a file)
 * and what to do. They hold no secret. Never empty.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code: InputErrorCode;
  readonly problems: readonly string[];

  constructor(code: InputErrorCode, problems: readonly [string, ...string[]], options?: ErrorOptions) {
    super(problems.join('\n'), options);
    this.code = code;
    this.problems = problems;
  }
}
