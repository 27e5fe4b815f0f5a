/** A rollback step that is not proven, as one line for people: `gateway-stop: unreachable: connection refused`. */
export function describeUnverified(step: string, code: string, detail: string): string {
  return detail === '' ? `${step}: ${code}` : `${step}: ${code}: ${detail}`;
}

/** The step and its reason code again. Neither holds `: `, which a detail may. */
export function unverifiedStep(line: string): { readonly step: string; readonly code: string } {
  const [step = '', code = ''] = line.split(': ', 2);
  return { step, code };
}
