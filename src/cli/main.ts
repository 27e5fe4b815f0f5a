import { resolve } from 'node:path';

import { CommanderError } from 'commander';

import type { Context } from './context.js';
import { tell } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { createOutput, writeError } from './output.js';
import { createProgram, type GlobalFlags } from './program.js';

/** What still holds the process after its command ended gets this long, so that output reaches its pipe. */
const LINGER_MS = 2_000;

/** Runs one command line; its exit code is the process's. */
export async function main(args: readonly string[]): Promise<void> {
  // A reader that has seen enough, as in `promote list | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  let exitCode: number = EXIT.badInput;
  try {
    exitCode = await dispatch(args);
  } catch (error) {
    exitCode = report(error, args);
  }
  process.exitCode = exitCode;
  setTimeout(() => process.exit(exitCode), LINGER_MS).unref();
}

async function dispatch(args: readonly string[]): Promise<ExitCode> {
  if (args[0] === '--version' || args[0] === '-V') return printVersion();
  if (args.length === 0) throw new CommanderError(EXIT.badInput, 'promote.noCommand', 'error: no command');
  let exitCode: ExitCode = EXIT.done;
  const program = createProgram(async (flags, command) => {
    exitCode = await command(await contextOf(flags));
  });
  await program.parseAsync(args, { from: 'user' });
  return exitCode;
}

async function contextOf(flags: GlobalFlags): Promise<Context> {
  const [{ readConfig }, { parseIdentity }] = await Promise.all([
    import('../config.js'),
    import('./context.js'),
  ]);
  const config = await readConfig({ settings: flags.settings });
  const by = flags.as === undefined ? config.identity : parseIdentity(flags.as);
  const signingKey =
    flags.signingKey === undefined ? config.signingKey : resolve(config.workingDirectory, flags.signingKey);
  return { config, by, signingKey, output: createOutput(flags.json === true) };
}

async function printVersion(): Promise<ExitCode> {
  const [config, fs] = await Promise.all([import('../config.js'), import('node:fs/promises')]);
  const { packageRoot } = await config.readConfig();
  const manifest: unknown = JSON.parse(await fs.readFile(`${packageRoot}/package.json`, 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  createOutput(false).say(String(version));
  return EXIT.done;
}

/** One line a problem for what a person did or met; a stack trace for our own bugs alone. */
function report(error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError) return reportUsage(error, args);
  const told = tell(error);
  if (told === undefined) {
    writeError(
      `promote: this is a bug of promote: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return EXIT.held;
  }
  for (const line of told.lines) writeError(`promote: ${line}`);
  return told.exitCode;
}

function reportUsage(error: CommanderError, args: readonly string[]): ExitCode {
  if (error.exitCode === 0) return EXIT.done;
  const message =
    error.code === 'commander.help'
      ? 'a command is missing'
      : error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  const command = args.find((arg) => !arg.startsWith('-'));
  const known = command !== undefined && error.code !== 'commander.unknownCommand';
  writeError(`promote: ${message}: see \`promote ${known ? `${command} ` : ''}--help\``);
  return EXIT.badInput;
}

await main(process.argv.slice(2));
