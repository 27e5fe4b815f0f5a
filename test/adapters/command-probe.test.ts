import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  findOnPath,
  runCommand,
  type Command,
  type CommandAnswer,
} from '../../src/adapters/command-probe.js';
import { createRedactor } from '../../src/adapters/redaction.js';

// Real processes. Proves what each end of a command means and that nothing is waited for past the deadline.

const redact = createRedactor({ TAU_TOKEN: 'canary-secret-1234' });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'command-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function run(argv: readonly string[], given: Partial<Command> = {}): Promise<CommandAnswer> {
  return runCommand(
    {
      argv,
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
      deadlineMs: 20_000,
      maxBytes: 100_000,
      signal: new AbortController().signal,
      ...given,
    },
    { redact },
  );
}

const sh = (script: string, given: Partial<Command> = {}): Promise<CommandAnswer> =>
  run(['sh', '-c', script], given);
const out = ({ stdout }: CommandAnswer): string => Buffer.from(stdout).toString('utf8');
const detail = (answer: CommandAnswer): string => (answer.kind === 'answered' ? '' : answer.detail);

/** Alive, and no zombie that only waits for its parent. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    return !/^State:\s+[ZX]/m.test(await readFile(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + 5_000;
  while (!(await condition())) {
    if (performance.now() > endsAt) throw new Error('the condition never came true');
    await sleep(20);
  }
}

describe('a command that answers', () => {
  it('ends with 0 and prints something; secrets are removed from both outputs', async () => {
    const answer = await sh('echo "{}canary-secret-1234"; echo canary-secret-1234 >&2');
    expect(answer).toMatchObject({
      kind: 'answered',
      exitCode: 0,
      redactions: { stdout: { TAU_TOKEN: 1 }, stderr: { TAU_TOKEN: 1 } },
    });
    expect(out(answer)).toBe('{}[redacted:TAU_TOKEN]\n');
    expect(Buffer.from(answer.stderr).toString()).toBe('[redacted:TAU_TOKEN]\n');
  });

  it('gets its arguments as they are, no stdin, its folder, and no environment but the given one', async () => {
    const answer = await run(['printf', '%s|', '$HOME', '*', 'a b', '; rm -rf /', '']);
    expect(out(answer)).toBe('$HOME|*|a b|; rm -rf /||');
    expect(out(await sh('cat; pwd -P; env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= | sort'))).toBe(
      `${folder}\nLANG=C.UTF-8\nPATH=/usr/bin:/bin\n`,
    );
  });

  it('may print a lot, up to the limit', async () => {
    const answer = await sh(
      'head -c 99999 /dev/zero | tr "\\0" x; head -c 100000 /dev/zero | tr "\\0" y >&2',
    );
    expect(answer.kind).toBe('answered');
    expect(answer.stdout.byteLength).toBe(99_999);
    expect(answer.stderr.byteLength).toBe(100_000);
  });

  it('need not print anything where that is fine', async () => {
    expect((await run(['true'], { requireOutput: false })).kind).toBe('answered');
  });
});

describe('a command that does not answer', () => {
  const ends: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'echo x; echo "" >&2; echo "bad canary-secret-1234" >&2; exit 3',
      'unreachable',
      'command_failed',
      /^sh: exit 3: bad \[redacted:TAU_TOKEN\]$/,
    ],
    ['echo usage >&2; exit 2', 'misconfigured', 'command_usage', /^sh: exit 2, a usage error: usage$/],
    ['true', 'unreachable', 'command_no_output', /^sh: exit 0, but it printed nothing$/],
    ['echo "  "; echo why >&2', 'unreachable', 'command_no_output', /: why$/],
    ['echo x; kill -TERM $$', 'unreachable', 'command_failed', /^sh: killed by SIGTERM$/],
    ['exit 127', 'unreachable', 'command_failed', /exit 127/],
  ];
  it.each(ends)('%s', async (script, kind, code, why) => {
    const answer = await sh(script);
    expect(answer).toMatchObject({ kind, code });
    expect(detail(answer)).toMatch(why);
  });

  it('keeps what it printed', async () => {
    const answer = await sh('echo partial; exit 3');
    expect(out(answer)).toBe('partial\n');
    expect(answer.kind === 'answered' ? 0 : answer.exitCode).toBe(3);
  });

  it('is told by a line without control characters or arguments', async () => {
    const answer = await run([
      'sh',
      '-c',
      'printf "\\033[31mred\\r\\n" >&2; exit 1',
      'argument-that-is-private',
    ]);
    expect(detail(answer)).toBe('sh: exit 1: [31mred');
  });
});

describe('a command that prints without end', () => {
  it('is killed, and no half of a secret is kept', async () => {
    for (const stream of ['1', '2']) {
      const answer = await sh(
        `head -c 99991 /dev/zero | tr '\\0' x >&${stream}; printf canary-secret-1234 >&${stream}; yes >&${stream}`,
      );
      expect(answer).toMatchObject({ kind: 'malformed', code: 'command_output_too_large' });
      expect(Buffer.from(stream === '1' ? answer.stdout : answer.stderr).toString()).toMatch(
        /^x{90000,99991}$/,
      );
    }
  });
});

describe('the deadline', () => {
  it('kills the command and all that it started, and what it printed is kept', async () => {
    const began = performance.now();
    const answer = await sh('echo $$; sleep 300 & echo $!; sleep 300', { deadlineMs: 400 });
    expect(answer).toMatchObject({ kind: 'unreachable', code: 'command_timeout' });
    expect(performance.now() - began).toBeLessThan(5_000);
    const pids = out(answer).trim().split('\n').map(Number);
    expect(pids).toHaveLength(2);
    for (const pid of pids) await until(async () => !(await isAlive(pid)));
  });

  it('holds for a command that ignores signals', async () => {
    const answer = await sh('trap "" TERM INT HUP; echo up; while :; do sleep 1; done', { deadlineMs: 400 });
    expect(answer).toMatchObject({ code: 'command_timeout' });
  });

  it('holds where a process that left the group keeps the pipes open', async () => {
    const began = performance.now();
    const answer = await sh('setsid sleep 30 & echo $!; sleep 300', { deadlineMs: 400 });
    expect(answer).toMatchObject({ code: 'command_timeout' });
    expect(performance.now() - began).toBeLessThan(5_000);
    const left = await promisify(execFile)('pgrep', ['-f', '^sleep 30$']).catch(() => ({ stdout: '' }));
    for (const pid of left.stdout.split('\n').filter((line) => line === out(answer).trim()))
      process.kill(Number(pid));
  });
});

describe('a grandchild that holds the pipes', () => {
  it('does not delay the answer, and does not outlive it', async () => {
    const began = performance.now();
    const answer = await sh('sleep 300 & echo $!');
    expect(answer.kind).toBe('answered');
    expect(performance.now() - began).toBeLessThan(5_000);
    await until(async () => !(await isAlive(Number(out(answer)))));
  });

  it('does not delay the answer when it left the group', async () => {
    const began = performance.now();
    const answer = await sh(
      'setsid sh -c "echo \\$\\$; exec sleep 30" & sleep 0.5; head -c 50000 /dev/zero | tr "\\0" x',
    );
    expect(answer.kind).toBe('answered');
    expect(out(answer)).toMatch(/^\d+\nx{50000}$/);
    expect(performance.now() - began).toBeLessThan(10_000);
    process.kill(Number.parseInt(out(answer), 10));
  });
});

describe('a command that cannot be started', () => {
  it('is told apart: missing, not executable, and the folder missing', async () => {
    await writeFile(join(folder, 'plain'), 'echo');
    await chmod(join(folder, 'plain'), 0o644);
    await writeFile(join(folder, 'script'), '#!/no/such/interpreter\n');
    await chmod(join(folder, 'script'), 0o755);
    const cases: readonly (readonly [readonly string[], Partial<Command>, string])[] = [
      [['no-such-command-anywhere'], {}, 'command_not_found'],
      [['./no-such-file'], {}, 'command_not_found'],
      [[], {}, 'command_not_found'],
      [[''], {}, 'command_not_found'],
      [['sh'], { env: {} }, 'command_not_found'],
      [['./script'], {}, 'command_not_found'],
      [['./plain'], {}, 'command_not_executable'],
      [['plain'], { env: { PATH: folder } }, 'command_not_executable'],
      [['./'], {}, 'command_not_executable'],
      [['sh'], { cwd: join(folder, 'missing') }, 'working_directory_missing'],
      [['sh'], { cwd: join(folder, 'plain') }, 'working_directory_missing'],
      [['sh', 'a\0b'], {}, 'command_bad_argument'],
    ];
    for (const [argv, given, code] of cases) {
      expect(await run(argv, given)).toMatchObject({ kind: 'misconfigured', code });
    }
  });

  it.each(['NODE_OPTIONS', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'GIT_DIR', 'GIT_SSH_COMMAND'])(
    'is one with %s in its environment',
    async (name) => {
      const answer = await run(['true'], { env: { PATH: '/usr/bin:/bin', [name]: 'x' } });
      expect(answer).toMatchObject({ kind: 'misconfigured', code: 'command_environment_refused' });
    },
  );
});

describe('what waits for the start', () => {
  it('is told once the command runs, before it ends', async () => {
    const ended: string[] = [];
    const started = new Promise<void>((onStarted) => {
      void sh('until [ -e go ]; do sleep 0.05; done', { onStarted, requireOutput: false }).then((answer) =>
        ended.push(answer.kind),
      );
    });
    await started;
    expect(ended).toEqual([]);
    await writeFile(join(folder, 'go'), '');
    await until(() => Promise.resolve(ended.length > 0));
    expect(ended).toEqual(['answered']);
  });

  it.each([['no-such-command-anywhere'], ['sh', 'a\0b']])(
    'is not told where %j can not run',
    async (...argv) => {
      let told = 0;
      await run(argv, { onStarted: () => (told += 1) });
      expect(told).toBe(0);
    },
  );
});

describe('cancelling', () => {
  it('kills the group and throws its own reason', async () => {
    const reason = new Error('cancelled');
    await expect(run(['true'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const pidFile = join(folder, 'pid');
    const running = sh(`echo $$ > ${pidFile}; sleep 300`, { signal: controller.signal });
    await until(async () => (await readFile(pidFile, 'utf8').catch(() => '')) !== '');
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    const pid = Number(await readFile(pidFile, 'utf8'));
    await until(async () => !(await isAlive(pid)));
  });
});

describe('finding a program', () => {
  it('takes the first executable file on PATH, never from a relative folder', async () => {
    await mkdir(join(folder, 'a'));
    await mkdir(join(folder, 'b'));
    await writeFile(join(folder, 'a/tool'), '');
    await writeFile(join(folder, 'b/tool'), '', { mode: 0o755 });
    await mkdir(join(folder, 'a/dir'));
    await symlink(join(folder, 'b/tool'), join(folder, 'b/link'));
    expect(await findOnPath('tool', `${folder}/a:${folder}/b`)).toBe(join(folder, 'b/tool'));
    expect(await findOnPath('link', `${folder}/b`)).toBe(join(folder, 'b/link'));
    expect(await findOnPath('tool', `${folder}/a`)).toBeUndefined();
    expect(await findOnPath('dir', `${folder}/a`)).toBeUndefined();
    expect(await findOnPath('tool', ':.:b')).toBeUndefined();
    expect(await findOnPath('b/tool', folder)).toBeUndefined();
    expect(await findOnPath('', `${folder}/b`)).toBeUndefined();
  });
});
