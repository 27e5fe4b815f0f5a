import { readFile } from 'node:fs/promises';

import { InputError } from '../../contracts/input-error.js';
import type { Runbook } from '../../contracts/runbook.js';
import { consistentRunbook } from '../../contracts/runbook-rules.js';
import { readYaml, type YamlDocument } from '../yaml-document.js';

/** A runbook as it stands in its file: valid, its variables still without values. */
export interface WrittenRunbook {
  readonly file: string;
  readonly runbook: Runbook;
  /** The file's own words, and where each stands. */
  readonly document: YamlDocument;
}

/** @throws InputError invalid_runbook, each problem with file:line:column */
export async function readRunbook(file: string): Promise<WrittenRunbook> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new InputError('invalid_runbook', [`${file}: the runbook can't be read: check the path`], {
      cause,
    });
  }
  const last = lastRead.get(file);
  if (last?.text === text) return last.written;
  const { value, document } = readYaml(text, file, consistentRunbook, 'invalid_runbook');
  const written = { file, runbook: value, document };
  remember(file, { text, written });
  return written;
}

interface Read {
  readonly text: string;
  readonly written: WrittenRunbook;
}

/** A run reads its runbook several times: the same text is not parsed again. */
const lastRead = new Map<string, Read>();
const KEPT = 64;

function remember(file: string, read: Read): void {
  lastRead.delete(file);
  lastRead.set(file, read);
  const oldest = lastRead.keys().next().value;
  if (lastRead.size > KEPT && oldest !== undefined) lastRead.delete(oldest);
}
