import { resolve } from 'node:path';

import { InputError } from '../contracts/input-error.js';
import { createEvidenceWiring } from '../evidence-wiring.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';

export interface EvidenceReportFlags {
  readonly html?: boolean;
}

/** `evidence report`: what happened in a run, for a person, as it was sealed: Markdown, or a page to print. */
export async function evidenceReport(
  { config, output }: Context,
  given: string,
  flags: EvidenceReportFlags,
): Promise<ExitCode> {
  const wiring = createEvidenceWiring(config);
  const named = /^\d{8}T\d{9}Z-[0-9a-f]{8}$/.test(given);
  const place = await wiring.place(named ? given : resolve(config.workingDirectory, given));
  const path = flags.html === true ? 'report.html' : 'report.md';
  const report = await wiring.readText(place, path);
  if (report === undefined)
    throw new InputError('bad_usage', [
      `${place.name} has no ${path}: a run has one once it is sealed; see \`promote evidence list\``,
    ]);
  output.document({ run: place.name, path, report });
  if (!output.json) process.stdout.write(report);
  return EXIT.done;
}
