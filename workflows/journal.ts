import { CancellationScope } from '@temporalio/workflow';

import type { Json } from '../src/domain/canonical-json.js';
import type { EntriesAppend } from '../activities/append-journal.js';
import type { LogLine } from '../src/domain/messages.js';
import { isFullEntry } from '../src/domain/records.js';
import type { Sample } from '../src/domain/watch.js';
import { evidenceActivities } from './activity-options.js';
import { samplesBody } from './describe-event.js';

const LINES_KEPT = 200;
/** So many entries are written by one activity. */
const WRITTEN_AT_ONCE = 8;

/** How a run's history is written, as it was where it began. */
export interface Manner {
  /** A round is one activity, and records are written together. Earlier versions asked each gate, and wrote each entry, by itself. */
  readonly joined: boolean;
  /** What is held is written with what follows only, and nothing is published twice, or before anybody can do something about it. */
  readonly sparing: boolean;
  /** What the search attributes tell is not told in the memo again. */
  readonly terse: boolean;
}

interface Entry {
  readonly kind: string;
  readonly at: number;
  readonly body: Json;
}

/** What a continued run needs of its journal. */
export interface CarriedJournal {
  readonly head: JournalHead;
  readonly lines: readonly LogLine[];
  readonly owed: readonly Entry[];
  readonly calm: readonly Sample[];
  /** Left out where an earlier version carried it. */
  readonly heads?: readonly JournalHead[] | undefined;
}

interface JournalHead {
  readonly seq: number;
  readonly digest: string;
}

/** An order names one of these. */
const HEADS_KEPT = 64;

/**
 * The run's hash chain. Regular activities behind one mutex: content and time come from the workflow, so a repeated
 * write has the same bytes; without the mutex two entries took one number.
 */
export class Journal {
  readonly #run: string;
  readonly #overridden: readonly string[];
  readonly #manner: Manner;
  /** Entries that wait for others to be written with. */
  #held = 0;
  #tail: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  #owed: readonly Entry[] = [];
  #calm: readonly Sample[] = [];
  head: JournalHead = { seq: 0, digest: '' };
  /** The newest ones, oldest first. */
  heads: readonly JournalHead[] = [];
  lines: readonly LogLine[] = [];
  /** Is told each entry that is news, and how many wait to be written before it. */
  onEntry: (kind: string, body: Json, owed: number) => void = () => undefined;

  /**
   * @param overridden gates whose pass is not earned in this run: no entry of samples says less
   * @param manner where it is not joined, each entry is written by itself
   */
  constructor(
    run: string,
    overridden: readonly string[],
    manner: Manner,
    carried: CarriedJournal | undefined,
  ) {
    this.#run = run;
    this.#overridden = overridden;
    this.#manner = manner;
    if (carried === undefined) return;
    this.head = carried.head;
    this.heads = carried.heads ?? [carried.head];
    this.lines = carried.lines;
    this.#calm = carried.calm;
    for (const entry of carried.owed) this.#queue(entry);
  }

  /** What made it unwritable for good, e.g. `journal_fork`. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** An entry that is owed is carried as it is: written twice it has the same bytes. */
  get carried(): CarriedJournal {
    return { head: this.head, heads: this.heads, lines: this.lines, owed: this.#owed, calm: this.#calm };
  }

  /** Written durably when it returns: no record, no next step. Waits as long as the store can't be written. */
  async append(kind: string, text: string, body: Json): Promise<void> {
    this.owe(kind, text, body);
    await this.flush();
  }

  /** Queued and not waited for: a rollback goes first and owes the record, and so does a watch's sampling. */
  owe(kind: string, text: string, body: Json): void {
    const at = Date.now();
    this.#oweCalm(at);
    this.#note(at, kind, text);
    this.onEntry(kind, body, this.#owed.length);
    this.#queue({ kind, at, body });
  }

  /** Written with what follows, or by `flush`. */
  hold(kind: string, text: string, body: Json): void {
    const at = Date.now();
    const calm = this.#takeCalm(at);
    this.#note(at, kind, text);
    this.onEntry(kind, body, this.#owed.length);
    this.#owed = [...this.#owed, ...calm, { kind, at, body }];
    this.#held += calm.length + 1;
  }

  /** Samples that changed nothing: they stand in the evidence already, so one entry covers many. */
  gather(samples: readonly Sample[], text: string): void {
    const at = Date.now();
    this.#note(at, 'sampled', text);
    this.#calm = [...this.#calm, ...samples];
    if (isFullEntry(this.#calm)) this.#oweCalm(at);
  }

  /** @throws what made the journal unwritable for good, e.g. `journal_fork` */
  async flush(): Promise<void> {
    this.#oweCalm(Date.now());
    if (this.#held > 0) this.#tail = this.#tail.then(() => this.#writeOwed());
    this.#held = 0;
    await this.#tail;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * What is owed is written by an activity that goes on from there, and gives back the heads that it made.
   *
   * @throws as `flush`, and what the activity throws
   */
  async through<Written extends { readonly heads: readonly JournalHead[] }>(
    write: (owed: Pick<EntriesAppend, 'head' | 'entries'>) => Promise<Written>,
  ): Promise<Written> {
    // What writes before it leaves what is held to it.
    if (!this.#manner.sparing) this.#held = 0;
    const turn = this.#tail.then(async () => {
      this.#held = 0;
      if (this.#failure !== undefined) throw this.#failure;
      const written = await CancellationScope.nonCancellable(() =>
        write({ head: this.head, entries: this.#owed }),
      );
      this.#wrote(written.heads);
      return written;
    });
    const settled: Promise<void> = turn.then(
      () => undefined,
      () => {
        // What failed may not have been the journal: its entries are written by whoever writes next, who meets a fork there.
        if (this.#tail === settled) this.#held = this.#owed.length;
      },
    );
    this.#tail = settled;
    return turn;
  }

  #oweCalm(at: number): void {
    for (const entry of this.#takeCalm(at)) this.#queue(entry);
  }

  #takeCalm(at: number): readonly Entry[] {
    const samples = this.#calm;
    this.#calm = [];
    return samples.length === 0
      ? []
      : [{ kind: 'sampled', at, body: samplesBody(samples, this.#overridden) }];
  }

  #queue(entry: Entry): void {
    this.#held = 0;
    this.#owed = [...this.#owed, entry];
    this.#tail = this.#tail.then(() => (this.#manner.joined ? this.#writeOwed() : this.#write(entry)));
  }

  async #writeOwed(): Promise<void> {
    while (this.#failure === undefined && this.#due > 0) {
      const entries = this.#owed.slice(0, Math.min(WRITTEN_AT_ONCE, this.#due));
      await this.#attempt(async () => {
        const heads = await evidenceActivities().appendEntries({ run: this.#run, head: this.head, entries });
        this.#wrote(heads);
      });
    }
  }

  /** How many are to be written now. */
  get #due(): number {
    return this.#owed.length - (this.#manner.sparing ? this.#held : 0);
  }

  async #write({ kind, at, body }: Entry): Promise<void> {
    if (this.#failure !== undefined) return;
    await this.#attempt(async () => {
      const request = { run: this.#run, head: this.head, at, kind, body };
      this.#wrote([await evidenceActivities().appendJournal(request)]);
    });
  }

  async #attempt(write: () => Promise<void>): Promise<void> {
    try {
      // An order cancels what is under way, never its record.
      await CancellationScope.nonCancellable(write);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  #wrote(heads: readonly JournalHead[]): void {
    this.head = heads.at(-1) ?? this.head;
    this.heads = [...this.heads, ...heads].slice(-HEADS_KEPT);
    this.#owed = this.#owed.slice(heads.length);
  }

  #note(at: number, kind: string, text: string): void {
    const seq = (this.lines.at(-1)?.seq ?? 0) + 1;
    this.lines = [...this.lines, { seq, at, kind, text }].slice(-LINES_KEPT);
  }
}
