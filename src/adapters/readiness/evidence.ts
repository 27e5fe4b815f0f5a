import { readdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { readinessReport } from '../../tau/readiness-report.js';
import { createFile, makeDirectory, makeRoot } from '../evidence/durable-files.js';
import { openFolders } from '../evidence/open-folders.js';
import { EvidenceError, toEvidenceError } from '../evidence/evidence-error.js';
import { answerFiles } from '../gates/answer.js';
import type { AskedReadiness } from './ask.js';
import type { ReadinessRequest } from './request.js';

type Problem = { readonly problem: string };

export interface ReadinessEvidence {
  /** Absolute. */
  readonly folder: string;
  /** Writes every file, or says why it could not: then nothing may pass. */
  readonly keep: (asked: AskedReadiness, document: object) => Promise<Problem | undefined>;
}

/**
 * The runbook's "Evidence capture checklist" in a folder of its own: what the readiness command says, and the answers as they
 * came, secrets removed, under the names that they have in a round's evidence. Written once: the folder must be new or empty.
 */
export async function openReadinessEvidence(
  given: string,
  { credentials }: Pick<ReadinessRequest, 'credentials'>,
  workingDirectory: string,
): Promise<ReadinessEvidence | Problem> {
  const { withheld } = credentials;
  if (withheld !== undefined)
    return refused(given, `${withheld}: take a longer secret, or leave evidence out`);
  const folder = resolve(workingDirectory, given);
  const taken = await entriesOf(folder);
  if (taken === 'unreadable') return refused(given, 'it is no folder that can be read');
  if (taken > 0) return refused(given, 'something is in it already: name a folder of its own for each call');
  return {
    folder,
    keep: async (asked, document) => {
      try {
        await write(folder, filesOf(asked, document));
        return undefined;
      } catch (error) {
        return refused(given, `can't be written: ${toEvidenceError(error, 'writing').message}`);
      }
    },
  };
}

/** Durable, 0700 and 0600 as a run's evidence; the caller's own name for the folder keeps to none of its rules. */
async function write(
  folder: string,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): Promise<void> {
  await makeRoot(dirname(folder));
  await makeDirectory(folder);
  await openFolders.flush(dirname(folder));
  for (const { name, bytes } of files)
    if ((await createFile(folder, name, bytes)) === 'taken')
      throw new EvidenceError('conflict', `${name} is there already`);
}

function filesOf(asked: AskedReadiness, document: object): readonly { name: string; bytes: Uint8Array }[] {
  const report = readinessReport(asked.result, asked.overridden);
  return [
    ...[...asked.surfaces, ...asked.deployment].flatMap(({ id, probed }) => answerFiles(id, probed)),
    { name: 'readiness.json', bytes: Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`) },
    // Last: where it is, the rest is there too.
    { name: 'readiness.txt', bytes: Buffer.from(report) },
  ];
}

async function entriesOf(folder: string): Promise<number | 'unreadable'> {
  try {
    return (await readdir(folder)).length;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 0 : 'unreadable';
  }
}

function refused(folder: string, why: string): Problem {
  return { problem: `error: --evidence ${JSON.stringify(folder)}: ${why}` };
}
