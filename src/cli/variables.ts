import { InputError } from '../contracts/input-error.js';

/** `--set NAME=VALUE`, repeated. The value is not repeated in a message: it may be a secret. */
export function parseSet(given: readonly string[]): Record<string, string> {
  const set: Record<string, string> = {};
  for (const pair of given) {
    const [, name, value] = /^([A-Za-z][A-Za-z0-9]{0,47})=(.*)$/s.exec(pair) ?? [];
    if (name === undefined || value === undefined)
      throw new InputError('bad_usage', ['--set takes NAME=VALUE, with NAME a variable of the runbook']);
    set[name] = value;
  }
  return set;
}
