// Real servers in folders of their own. Shown: start, finding, races, crashes of the starter, state across a restart.
// Not shown: a server that loses power, another operating system.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { runBounded } from '../../src/engine/bounded-command.js';
import { findOrStartEngine, type Engine, type EngineOptions } from '../../src/engine/engine.js';
import { isAlive } from '../../src/engine/process-identity.js';
import { findBinary } from '../../src/engine/binary.js';
import { isReady } from '../../src/engine/ready.js';
import { claimPort } from '../../src/engine/ports.js';
import { findRunning } from '../../src/engine/running.js';
import { engineOptions, scratchFolder, script, text } from './scratch.js';

let compiled: string;

/** The engine as JavaScript, for processes of their own; below node_modules, so that libraries are found. */
beforeAll(async () => {
  compiled = await mkdtemp(join('node_modules', '.engine-test-'));
  const source = join('src', 'engine');
  await writeFile(join(compiled, 'package.json'), '{"type":"module"}');
  for (const name of await readdir(source)) {
    const options = {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      verbatimModuleSyntax: true,
    };
    const { outputText } = ts.transpileModule(await readFile(join(source, name), 'utf8'), {
      compilerOptions: options,
    });
    await writeFile(join(compiled, name.replace(/\.ts$/, '.js')), outputText);
  }
});
afterAll(() => rm(compiled, { recursive: true, force: true }));

async function started(changes: Partial<EngineOptions> = {}, dataDir?: string): Promise<Engine> {
  const engine = await findOrStartEngine(engineOptions(dataDir ?? (await scratchFolder()), changes));
  onTestFinished(() => engine.stop());
  return engine;
}

const answer = z.object({ address: z.string(), started: z.boolean(), pid: z.int() });

/** Processes that find or start the engine of this folder, all in the same moment, and then stay. */
async function inOwnProcesses(dataDir: string, count: number) {
  const { cacheDir, env } = engineOptions(dataDir);
  const options = { dataDir, cacheDir, env, timeSkipping: false, inMemory: false, searchAttributes: {} };
  // Each waits until all are loaded: without that, their start-up alone keeps them apart.
  const program = `
    import { once } from 'node:events';
    import { findOrStartEngine } from ${JSON.stringify(pathToFileURL(join(process.cwd(), compiled, 'engine.js')).href)};
    console.log('loaded');
    await once(process.stdin, 'data');
    const engine = await findOrStartEngine({ ...${JSON.stringify(options)}, say: () => undefined });
    console.log(JSON.stringify(engine));
    setInterval(() => undefined, 1000);`;
  const children = Array.from({ length: count }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
  });
  for (const { lines } of children) expect(await lines.next()).toMatchObject({ value: 'loaded' });
  for (const { child } of children) child.stdin.write('go\n');
  const answers = await Promise.all(
    children.map(async ({ child, lines }) => ({
      child,
      engine: answer.parse(JSON.parse(z.string().parse((await lines.next()).value))),
    })),
  );
  for (const pid of new Set(answers.map(({ engine }) => engine.pid))) onTestFinished(() => endServer(pid));
  return answers;
}

async function endServer(pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, 'SIGTERM');
  await expect.poll(() => isAlive(pid), { timeout: 15_000 }).toBe(false);
}

/** What the command line of Temporal itself says, asked of this server. */
async function temporal(engine: { readonly address: string }, ...args: string[]): Promise<string> {
  const { path } = await findBinary(engineOptions(await scratchFolder()));
  const { code, stdout, stderr } = await runBounded(path, [...args, '--address', engine.address], 20_000);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout;
}

const startWorkflow = ['workflow', 'start', '--workflow-id', 'w1', '--type', 'T', '--task-queue', 'q'];

it('gives the whole run a server that answers', async () => {
  expect(await isReady(Number(inject('temporalAddress').split(':')[1]), 5_000)).toBe(true);
});

it('starts a server that takes a workflow at once, with the search attributes asked for', async () => {
  const engine = await started({
    searchAttributes: { PromotionTarget: 'Keyword', PromotionDeadline: 'Datetime' },
  });
  expect(engine).toMatchObject({ started: true, namespace: 'default' });
  await temporal(engine, ...startWorkflow, '--search-attribute', 'PromotionTarget="tau"');
  const attributes = await temporal(engine, 'operator', 'search-attribute', 'list');
  expect(attributes).toMatch(/PromotionTarget\s+Keyword/);
  expect(attributes).toMatch(/PromotionDeadline\s+Datetime/);
});

it('leaves no process and no record after stop, and keeps its state for the next start', async () => {
  const dataDir = await scratchFolder();
  const first = await started({}, dataDir);
  await temporal(first, ...startWorkflow);
  await first.stop();
  expect(isAlive(first.pid ?? 0)).toBe(false);
  expect(await readdir(join(dataDir, 'temporal'))).not.toContain('engine.json');
  const second = await started({}, dataDir);
  expect(second.started).toBe(true);
  expect(await temporal(second, 'workflow', 'describe', '--workflow-id', 'w1')).toContain('w1');
});

it('finds the server that another process started, even after that process was killed, and does not end it', async () => {
  const dataDir = await scratchFolder();
  const [starter] = await inOwnProcesses(dataDir, 1);
  if (starter === undefined) throw new Error('no process');
  const { child, engine } = starter;
  expect(engine.started).toBe(true);
  child.kill('SIGKILL');
  const found = await findOrStartEngine(engineOptions(dataDir));
  expect(found).toMatchObject({ address: engine.address, pid: engine.pid, started: false });
  await found.stop();
  expect(isAlive(engine.pid)).toBe(true);
});

it('starts one server for processes that race for the same folder', async () => {
  const dataDir = await scratchFolder();
  const engines = (await inOwnProcesses(dataDir, 4)).map(({ engine }) => engine);
  expect(new Set(engines.map(({ pid }) => pid)).size).toBe(1);
  expect(engines.filter(({ started }) => started)).toHaveLength(1);
});

it('starts no second server beside one that runs but does not answer', async () => {
  const dataDir = await scratchFolder();
  const engine = await started({}, dataDir);
  const pid = engine.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  onTestFinished(() => void process.kill(pid, 'SIGCONT'));
  await expect(findRunning(engineOptions(dataDir), 1_000)).rejects.toMatchObject({
    code: 'not_ready',
    message: text(`kill ${pid}`),
  });
});

it('replaces a server that was killed', async () => {
  const dataDir = await scratchFolder();
  const first = await started({}, dataDir);
  process.kill(first.pid ?? 0, 'SIGKILL');
  await expect.poll(() => isAlive(first.pid ?? 0)).toBe(false);
  const second = await started({}, dataDir);
  expect(second.started).toBe(true);
  await first.stop();
  expect(await findRunning(engineOptions(dataDir))).toMatchObject({ pid: second.pid });
});

it('keeps to the port of a server that runs already, and says so', async () => {
  const dataDir = await scratchFolder();
  const first = await started({}, dataDir);
  const second = await findOrStartEngine(engineOptions(dataDir, { port: await claimPort(undefined) }));
  expect(second.address).toBe(first.address);
  expect(second.origin).toContain('as asked');
});

it('runs servers of two folders side by side, one of them in memory and known to nobody else', async () => {
  const dataDir = await scratchFolder();
  const [durable, fleeting] = await Promise.all([started({}, dataDir), started({ inMemory: true }, dataDir)]);
  expect(durable.address).not.toBe(fleeting.address);
  expect(await findRunning(engineOptions(dataDir))).toMatchObject({ pid: durable.pid });
  await fleeting.stop();
  expect(isAlive(fleeting.pid ?? 0)).toBe(false);
});

it('refuses a port in use and leaves no process, record or lock behind', async () => {
  const holder = createServer();
  const port = await claimPort(undefined);
  await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => holder.close(() => resolve())));
  const dataDir = await scratchFolder();
  await expect(findOrStartEngine(engineOptions(dataDir, { port }))).rejects.toMatchObject({
    code: 'port_in_use',
    message: text(String(port)),
  });
  expect(await readdir(join(dataDir, 'temporal'))).toEqual([]);
  expect(spawnSync('pgrep', ['-f', dataDir], { encoding: 'utf8' }).stdout).toBe('');
});

/** The real server, but its first starts end as those do that lose a race for one of their own ports. */
async function panicking(folder: string, times: number): Promise<string> {
  const { path } = await findBinary(engineOptions(folder));
  return script(
    join(folder, 'temporal'),
    `[ "$1" = --version ] && exec '${path}' "$@"
    echo start >> '${folder}/starts'
    [ $(wc -l < '${folder}/starts') -gt ${times} ] && exec '${path}' "$@"
    printf 'panic: no port is left\\n\\ngoroutine 1 [running]:\\n\\t/somewhere/main.go:18 +0x8e\\n'
    exit 2`,
  );
}

it('starts the server again where it panics while starting', async () => {
  const folder = await scratchFolder();
  const engine = await started({ executable: await panicking(folder, 2) }, join(folder, 'data'));
  expect(engine).toMatchObject({ started: true });
});

it('gives up a server that panics at every start, and says what it said', async () => {
  const folder = await scratchFolder();
  const executable = await panicking(folder, 99);
  await expect(findOrStartEngine(engineOptions(join(folder, 'data'), { executable }))).rejects.toMatchObject({
    code: 'start_panicked',
    message: text(/server\.log.*panic: no port is left/s),
  });
  expect((await readFile(join(folder, 'starts'), 'utf8')).split('\n')).toHaveLength(4);
});

it('says what the server said when it cannot start', async () => {
  const dataDir = await scratchFolder();
  await started({}, dataDir).then((engine) => engine.stop());
  await writeFile(
    join(dataDir, 'temporal', 'temporal.db'),
    'this is no database, and was never meant to be one',
  );
  await expect(findOrStartEngine(engineOptions(dataDir))).rejects.toMatchObject({
    code: 'start_failed',
    message: text(/server\.log.*database/s),
  });
});
