import { z } from 'zod';

import type { Finding } from '../../domain/verification.js';
import { entryDigest, entryPath, genesis } from '../evidence/journal.js';
import { finding, isCanonical, parseForm } from './findings.js';
import type { SealedFolder } from './manifest.js';
import type { RunFiles } from './run-files.js';

const entrySchema = z.strictObject({
  v: z.literal(1),
  run: z.string().max(64),
  seq: z.int().min(1),
  prev: z.string().max(80),
  at: z.iso.datetime(),
  kind: z.string().max(64),
  body: z.record(z.string(), z.unknown()),
});
export type CheckedEntry = z.infer<typeof entrySchema> & { readonly digest: string };

export interface CheckedJournal {
  /** As far as they follow each other. */
  readonly entries: readonly CheckedEntry[];
  readonly findings: readonly Finding[];
}

const LINES = 'journal.jsonl';

/** The journal is one unbroken chain from its genesis to the head that the manifest names, the same in both of its forms. */
export async function checkJournal(files: RunFiles, { manifest }: SealedFolder): Promise<CheckedJournal> {
  const findings: Finding[] = [];
  const bytes = (await files.read(LINES)) ?? new Uint8Array();
  const text = Buffer.from(bytes).toString('utf8');
  if (text !== '' && !text.endsWith('\n'))
    findings.push(finding('journal_torn', LINES, 'its last line has no end'));
  const lines = text.split('\n').filter((line, index, all) => line !== '' || index < all.length - 1);
  const entries: CheckedEntry[] = [];
  let prev: string = genesis(manifest.run);
  for (const [index, line] of lines.entries()) {
    const where = `${LINES}:${index + 1}`;
    const lineBytes = Buffer.from(line);
    const entry = parseForm(lineBytes, entrySchema);
    if (entry === undefined) {
      findings.push(finding('journal_malformed', where, 'no entry of a journal'));
      break;
    }
    if (!isCanonical(lineBytes))
      findings.push(finding('journal_not_canonical', where, 'not its one spelling'));
    if (entry.run !== manifest.run) findings.push(finding('journal_other_run', where, `of ${entry.run}`));
    if (entry.seq !== index + 1)
      findings.push(finding('journal_gap', where, `numbered ${entry.seq}, not ${index + 1}`));
    if (entry.prev !== prev) findings.push(finding('journal_chain_broken', where, 'follows another entry'));
    const digest = entryDigest(lineBytes);
    prev = digest;
    entries.push({ ...entry, digest });
    const own = await files.read(entryPath(index + 1));
    if (own !== undefined && Buffer.compare(own, lineBytes) !== 0)
      findings.push(finding('journal_fork', entryPath(index + 1), `other bytes than ${where}`));
  }
  const { seq, head } = manifest.journal;
  if (entries.length < seq)
    findings.push(finding('journal_truncated', LINES, `${entries.length} of ${seq} entries`));
  else if (entries.length !== seq || (seq > 0 && prev !== head))
    findings.push(finding('journal_head_mismatch', LINES, 'does not end where the manifest says'));
  for (const { path } of files.entries)
    if (/^journal\/\d{8}\.json$/.test(path) && Number(path.slice(8, 16)) > entries.length)
      findings.push(finding('journal_fork', path, 'an entry beyond the end of the journal'));
  return { entries, findings };
}
