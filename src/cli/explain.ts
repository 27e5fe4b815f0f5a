import { InputError } from '../contracts/input-error.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain } from './output.js';
import { sentence, shownReason } from './reason-codes.js';

/** What reason codes mean and what to do; asks nobody. */
export async function explain({ output }: Context, codes: readonly string[]): Promise<ExitCode> {
  const reasons = codes.map(shownReason);
  const [unknown] = reasons.filter(({ known }) => !known);
  if (unknown !== undefined)
    throw new InputError('bad_usage', [
      `${JSON.stringify(unknown.code.slice(0, 80))} is no code that promote knows: whoever gave it knows what it means`,
    ]);
  for (const reason of reasons) {
    output.document(reason);
    if (output.json) continue;
    output.say(`${output.paint('bold', plain(reason.code, 80))}  ${sentence(reason)}`);
    output.say(`  ${reason.owner}'s; ${helpOf(reason.repair)}`);
  }
  return EXIT.done;
}

function helpOf(repair: string | null): string {
  if (repair === null) return 'no remediation can help';
  return repair === 'manual' ? 'a person can repair it' : `the shipped runbook's ${repair} can help`;
}
