import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { z } from 'zod';

const saidSchema = z.discriminatedUnion('what', [
  z.object({ what: z.literal('ready'), thread: z.int(), pid: z.int() }),
  z.object({ what: z.literal('paused'), step: z.int() }),
  z.object({ what: z.literal('passed'), step: z.int() }),
  z.object({ what: z.literal('kept'), folder: z.string(), path: z.string(), sha256: z.string() }),
  z.object({ what: z.literal('refused'), code: z.string() }),
  z.object({ what: z.literal('ended'), how: z.enum(['written', 'refused']) }),
]);
export type Said = z.infer<typeof saidSchema> | { readonly what: 'died'; readonly signal: string };

export interface Order {
  readonly root: string;
  readonly again: boolean;
  readonly pauseAt: number | 'every' | undefined;
}

/** A process of its own that writes two runs of a target: driver.mjs, which says what each line means. */
export class Driver {
  readonly #process: ChildProcess;
  readonly #said: AsyncIterator<Said, undefined>;
  /** The one thread that calls the file system. */
  thread = 0;
  pid = 0;
  /** As the driver counts them; part of the names of unfinished files. */
  orders = 0;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#said = saidBy(process);
  }

  static async start(): Promise<Driver> {
    const driver = new Driver(
      spawn(process.execPath, [join(import.meta.dirname, 'driver.mjs'), 'repeatable'], {
        stdio: ['pipe', 'pipe', 'inherit'],
        // One thread, whose calls come in one order; without io_uring every call is one that can be traced.
        env: { PATH: process.env['PATH'], UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' },
      }),
    );
    const ready = await driver.next();
    if (ready.what !== 'ready') throw new Error(`the driver did not start: ${JSON.stringify(ready)}`);
    driver.thread = ready.thread;
    driver.pid = ready.pid;
    return driver;
  }

  order(order: Order): void {
    this.orders += 1;
    this.#write(JSON.stringify({ ...order, from: 1, until: 2 }));
  }

  goOn(): void {
    this.#write('');
  }

  async next(): Promise<Said> {
    const said = await this.#said.next();
    if (said.done === true) throw new Error('the driver says nothing more');
    return said.value;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await closed;
  }

  #write(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }
}

/** All that it says, and at last how it died. */
async function* saidBy(process: ChildProcess): AsyncGenerator<Said> {
  const closed = once(process, 'close');
  // A line to a process that was killed is lost with it.
  process.stdin?.on('error', () => undefined);
  if (process.stdout === null) throw new Error('no stdout');
  for await (const line of createInterface({ input: process.stdout }))
    yield saidSchema.parse(JSON.parse(line));
  await closed;
  yield { what: 'died', signal: process.signalCode ?? `exit code ${process.exitCode}` };
}
