/**
 * The environment of a runbook's command: PATH, HOME and a plain locale, and the variables that the runbook names.
 * Nothing else of the worker's own environment, where its secrets are.
 */
export function commandEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  named: readonly string[],
): Record<string, string> {
  const passed = ['PATH', 'HOME', ...named].flatMap((name) => {
    const value = own[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { LANG: 'C.UTF-8', ...Object.fromEntries(passed) };
}
