import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** A call that a trace shows: which one, of what file or folder, and whether a fault was put into it. */
export interface TracedCall {
  readonly name: string;
  readonly path: string;
  readonly injected: boolean;
}

export interface Tracing {
  /** Ends the tracing and gives the calls. Also where the traced process is gone. */
  readonly stop: () => Promise<readonly TracedCall[]>;
}

/**
 * Traces one thread by strace. What stands in `options` is what strace does to it (`-e inject=…`).
 *
 * @throws Error that says what to do where strace is missing or may not trace: nothing is skipped in silence
 */
export async function trace(
  thread: number,
  log: string,
  calls: readonly string[],
  options: readonly string[],
): Promise<Tracing> {
  const args = ['-y', '-s', '0', '-o', log, '-e', `trace=${calls.join(',')}`, ...options];
  const strace = spawn('strace', [...args, '-p', String(thread)], { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = new Promise<void>((resolve, reject) => {
    strace.once('close', () => resolve());
    strace.once('error', reject);
  });
  const said: string[] = [];
  const attached = (async () => {
    for await (const line of createInterface({ input: strace.stderr })) {
      said.push(line);
      if (line.endsWith(' attached')) return true;
    }
    return false;
  })();
  const missing = closed.then(
    () => false,
    (cause: unknown) => {
      throw new Error('faults are put in by strace, which is not here: apt-get install strace', { cause });
    },
  );
  if (!(await Promise.race([attached, missing])))
    throw new Error(
      `strace can't trace here (${said.join('; ')}): run this as root, or allow it by \`sysctl kernel.yama.ptrace_scope=0\`; a container needs --cap-add=SYS_PTRACE`,
    );
  strace.stderr.resume();
  return {
    stop: async () => {
      strace.kill('SIGTERM');
      await closed;
      return callsIn(await readFile(log, 'utf8'));
    },
  };
}

/** `fsync(18</a/b>) = 0`, `mkdir("/a/b", 0700) = 0`, `link("/a/b", "/a/c") = -1 EIO (…) (INJECTED)`: the last path counts. */
function callsIn(log: string): readonly TracedCall[] {
  return log.split('\n').flatMap((line) => {
    const [, name = '', given = ''] = /^(\w+)\((.*?)(?:\) += |$)/.exec(line) ?? [];
    const path = [...given.matchAll(/"([^"]+)"|\d+<([^>]+)>/g)].map(([, text, file]) => text ?? file).at(-1);
    return path === undefined ? [] : [{ name, path, injected: line.includes('(INJECTED)') }];
  });
}
