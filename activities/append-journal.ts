import type { JournalAppend, JournalHead } from '../src/adapters/evidence/journal.js';
import type { Dependencies } from './dependencies.js';
import { withoutSecrets } from './secret-in-text.js';

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
