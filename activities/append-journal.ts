import type { JournalAppend, JournalHead } from '../src/adapters/evidence/journal.js';
import type { Dependencies } from './dependencies.js';
import { withoutSecrets } from './secret-in-text.js';

export interface EntriesAppend extends Pick<JournalAppend, 'run' | 'head'> {
  readonly entries: readonly Pick<JournalAppend, 'at' | 'kind' | 'body'>[];
}

/** Writes one entry after the other, and gives the head that each made. Those of them that are there already stay. */
export function appendEntriesWith(dependencies: Dependencies) {
  const append = appendJournalWith(dependencies);
  return async ({ run, head, entries }: EntriesAppend): Promise<readonly JournalHead[]> => {
    const heads: JournalHead[] = [];
    for (const entry of entries) heads.push(await append({ run, head: heads.at(-1) ?? head, ...entry }));
    return heads;
  };
}

/** Writes an entry. A reason that nobody signed comes here as it was typed, and goes on without the worker's secrets. */
export function appendJournalWith(dependencies: Dependencies) {
  return async (entry: JournalAppend): Promise<JournalHead> => {
    const { evidence, journal } = dependencies;
    // A runbook that can't be read here keeps nobody from recording.
    const known = await evidence.known(entry.run).catch(() => undefined);
    const body = withoutSecrets(dependencies, known?.loaded, entry.body);
    return journal.appendEntry(evidence, { ...entry, body });
  };
}
