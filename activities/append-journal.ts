import type { Json } from '../src/domain/canonical-json.js';
import type { EntriesAppend, JournalAppend, JournalHead } from '../src/adapters/evidence/journal.js';
import type { Dependencies } from './dependencies.js';
import { withoutSecrets } from './secret-in-text.js';

export type { EntriesAppend };

/** Writes one entry after the other, and gives the head that each made. Those of them that are there already stay. */
export function appendEntriesWith(dependencies: Dependencies) {
  const { evidence, journal } = dependencies;
  return async ({ entries, ...append }: EntriesAppend): Promise<readonly JournalHead[]> => {
    const told = await tellerOf(dependencies, append.run);
    return journal.appendEntries(evidence, { ...append, entries: entries.map(told) });
  };
}

/** One entry, as earlier versions write each. */
export function appendJournalWith(dependencies: Dependencies) {
  const { evidence, journal } = dependencies;
  return async (append: JournalAppend): Promise<JournalHead> => {
    const told = await tellerOf(dependencies, append.run);
    return journal.appendEntry(evidence, told(append));
  };
}

/** A reason that nobody signed comes here as it was typed, and goes on without the worker's secrets. */
async function tellerOf(dependencies: Dependencies, run: string) {
  // A runbook that can't be read here keeps nobody from recording.
  const known = await dependencies.evidence.known(run).catch(() => undefined);
  return <Entry extends { readonly body: Json }>(entry: Entry): Entry => ({
    ...entry,
    body: withoutSecrets(dependencies, known?.loaded, entry.body),
  });
}
