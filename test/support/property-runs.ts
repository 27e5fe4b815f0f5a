/** How often each property is tried: PROPERTY_RUNS, or 1,000. Too few to mean anything is a mistake, not a wish. */
export const PROPERTY_RUNS = runsOf(process.env['PROPERTY_RUNS'] ?? '1000');

function runsOf(text: string): number {
  const runs = Number(text);
  if (!Number.isSafeInteger(runs) || runs < 1)
    throw new Error(`PROPERTY_RUNS is ${JSON.stringify(text)}: write a whole number, 1 or more`);
  return runs;
}
