import { createEvidenceWiring } from '../evidence-wiring.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';

export interface EvidenceReportFlags {
  readonly html?: boolean;
}

/** `evidence report`: what happened in a run, for a person, as Markdown or as a page to print. */
export async function evidenceReport(
  { config, output }: Context,
  given: string,
  flags: EvidenceReportFlags,
): Promise<ExitCode> {
  const wiring = createEvidenceWiring(config);
  const place = await wiring.place(given);
  const { text, origin } = await wiring.report(place, flags.html === true ? 'html' : 'markdown');
  output.document({ run: place.name, origin, report: text });
  if (origin === 'rendered')
    output.note(`${place.name}: this report is no sealed one: it was made now from the evidence as it is`);
  if (!output.json) process.stdout.write(text);
  return EXIT.done;
}
