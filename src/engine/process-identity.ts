import { readFile } from 'node:fs/promises';
import { systemCode } from './error.js';
import { runBounded } from './bounded-command.js';

/** Whether a process of this id exists. A reused id counts too: see `commandLineOf`. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, but somebody else's.
    return systemCode(error) === 'EPERM';
  }
}

/** The command line of a process, or undefined where it is gone, a zombie, or cannot be told. */
export async function commandLineOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return raw === '' ? undefined : raw.replaceAll('\0', ' ').trim();
  }
  const answer = await runBounded('/bin/ps', ['-ww', '-o', 'command=', '-p', String(pid)], 2_000).catch(
    () => undefined,
  );
  const line = answer?.stdout.trim();
  return line === undefined || line === '' ? undefined : line;
}
