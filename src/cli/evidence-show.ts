import { createEvidenceWiring, inWords } from '../evidence-wiring.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain } from './output.js';

/** `evidence show`: what a run's folder says of it: who, what, how it ended, its journal and its files. Verifies nothing. */
export async function evidenceShow({ config, output }: Context, given: string): Promise<ExitCode> {
  const wiring = createEvidenceWiring(config);
  const place = await wiring.place(given);
  const shown = await wiring.show(place);
  const { record, end, reason, manifest, journal, files } = shown;
  output.document({ folder: place.name, ...shown });
  for (const [name, value] of [
    ['run', record.run],
    ['target', record.target],
    ['commit', `${record.commit}  ${record.subjectLine}`],
    ['requester', record.requester],
    ['reason', record.reason],
    ['opened', record.openedAt],
    ['end', `${end} (${reason})`],
    ['manifest', manifest ?? 'not sealed'],
  ] as const)
    output.say(`${output.paint('bold', name.padEnd(10))}${plain(value)}`);
  output.say('');
  for (const { at, kind, body } of journal)
    output.say(`${plain(at)}  ${plain(kind)}  ${output.paint('dim', plain(inWords(body)))}`.trimEnd());
  output.say('');
  for (const { path, size } of files) output.say(`${String(size).padStart(10)}  ${plain(path)}`);
  return EXIT.done;
}
