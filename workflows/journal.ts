import { CancellationScope } from '@temporalio/workflow';

import type { Json } from '../src/domain/canonical-json.js';
import type { LogLine } from '../src/domain/messages.js';
import { evidenceActivities } from './activity-options.js';

const LINES_KEPT = 200;

/**
 * The run's hash chain. Regular activities behind one mutex: content and time come from the workflow, so a repeated
 * write has the same bytes; without the mutex two entries took one number.
 */
export class Journal {
  readonly #run: string;
  #tail: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  head: { readonly seq: number; readonly digest: string } = { seq: 0, digest: '' };
  lines: readonly LogLine[] = [];

  constructor(run: string) {
    this.#run = run;
  }

  /** What made it unwritable for good, e.g. `journal_fork`. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Written durably when it returns: no record, no next step. Waits as long as the store can't be written. */
  async append(kind: string, text: string, body: Json): Promise<void> {
    this.owe(kind, text, body);
    await this.flush();
  }

  /** Queued and not waited for: a rollback goes first and owes the record, and so does a watch's sampling. */
  owe(kind: string, text: string, body: Json): void {
    const at = Date.now();
    this.#note(at, kind, text);
    this.#tail = this.#tail.then(() => this.#write(kind, at, body));
  }

  /** @throws what made the journal unwritable for good, e.g. `journal_fork` */
  async flush(): Promise<void> {
    await this.#tail;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #write(kind: string, at: number, body: Json): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      // An order cancels what is under way, never its record.
      this.head = await CancellationScope.nonCancellable(() =>
        evidenceActivities().appendJournal({ run: this.#run, head: this.head, at, kind, body }),
      );
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  #note(at: number, kind: string, text: string): void {
    const seq = (this.lines.at(-1)?.seq ?? 0) + 1;
    this.lines = [...this.lines, { seq, at, kind, text }].slice(-LINES_KEPT);
  }
}
