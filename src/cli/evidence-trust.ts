import { open } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Config } from '../config.js';
import { InputError } from '../contracts/input-error.js';
import { deploymentName } from '../contracts/names.js';
import { createWiring } from '../wiring.js';
import { hasTerminal, typedYes } from './confirm.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';

export interface EvidenceTrustFlags {
  readonly keyid?: string;
  readonly deployment?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly trustedKeys?: string;
}

/** `evidence trust`: enrols a public key whose keyid a person has compared, or a script names. */
export async function evidenceTrust(
  { config, output }: Context,
  given: string,
  flags: EvidenceTrustFlags,
): Promise<ExitCode> {
  const wiring = createWiring(config);
  const named = flags.keyid === undefined ? undefined : parseKeyid(flags.keyid);
  const period = {
    notBefore: parseTime('--not-before', flags.notBefore),
    notAfter: parseTime('--not-after', flags.notAfter),
  };
  const source = resolve(config.workingDirectory, given);
  const offered = wiring.offeredKey(await readBounded(source), source);
  const deployment = parseDeployment(flags.deployment ?? offered.deployment ?? config.deployment);
  const file = trustedKeysFile(config, flags.trustedKeys);
  output.say(`keyid       ${offered.keyid}`);
  output.say(`deployment  ${deployment}`);
  output.say(`valid       from ${period.notBefore ?? 'now on'} ${until(period.notAfter)}`);
  output.say(`file        ${file}`);
  if (named === undefined) await confirm(offered.keyid, deployment);
  else if (named !== offered.keyid)
    throw new InputError('bad_usage', [
      `${source}: its key is ${offered.keyid}, not ${named}: nothing was enrolled; ask its worker's owner which it is`,
    ]);
  const { outcome, entry } = await wiring.enrolKey(file, offered.publicKey, { deployment, ...period });
  output.document({ file, enrolled: outcome === 'enrolled', ...entry });
  output.say(
    outcome === 'enrolled'
      ? `enrolled: evidence of ${deployment} that this key signs is believed from ${entry.notBefore} ${until(entry.notAfter)}`
      : `enrolled before, from ${entry.notBefore} ${until(entry.notAfter)}: nothing was changed`,
  );
  return EXIT.done;
}

/** Whose signatures are believed: `--trusted-keys`, else the settings. */
export function trustedKeysFile(config: Config, given: string | undefined): string {
  return given === undefined ? config.trustedKeys : resolve(config.workingDirectory, given);
}

function until(notAfter: string | null | undefined): string {
  return typeof notAfter === 'string' ? `until ${notAfter}` : 'until it is retired';
}

/** A script can't trust what it has not named: without a terminal the keyid has to be given. */
async function confirm(keyid: string, deployment: string): Promise<void> {
  if (!hasTerminal())
    throw new InputError('bad_usage', [
      `without a terminal, name the key that you trust: --keyid ${keyid}, if the owner of the worker told you so`,
    ]);
  if (!(await typedYes(`Did the owner of ${deployment}'s worker tell you this keyid?`)))
    throw new InputError('bad_usage', ['nothing was enrolled: only yes, typed in full, enrols']);
}

function parseKeyid(given: string): string {
  const hex = /^(?:sha256:)?([0-9a-f]{64})$/.exec(given)?.[1];
  if (hex !== undefined) return `sha256:${hex}`;
  throw new InputError('bad_usage', [
    `--keyid ${JSON.stringify(given.slice(0, 80))} can't be: all 64 hex digits that \`promote evidence key\` shows`,
  ]);
}

function parseDeployment(given: string): string {
  const read = deploymentName.safeParse(given);
  if (read.success) return read.data;
  throw new InputError('bad_usage', [
    `--deployment ${JSON.stringify(given.slice(0, 80))} can't be: ${read.error.issues[0]?.message ?? 'not of its form'}`,
  ]);
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z)?$/;

/** UTC only: a time that another reader takes for local is another time. */
function parseTime(option: string, given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const time = TIME.test(given) ? Date.parse(given) : Number.NaN;
  // A day that no month has is read as one of the next.
  const text = Number.isNaN(time) ? '' : new Date(time).toISOString();
  if (text.startsWith(given.slice(0, 10))) return text;
  throw new InputError('bad_usage', [
    `${option} ${JSON.stringify(given.slice(0, 80))} can't be: a day or a time in UTC, like 2026-01-02 or 2026-01-02T03:04:05Z`,
  ]);
}

const MAX_BYTES = 64 * 1024;

async function readBounded(file: string): Promise<string> {
  try {
    const handle = await open(file);
    try {
      const buffer = Buffer.alloc(MAX_BYTES);
      let size = 0;
      for (let read = 1; read > 0 && size < MAX_BYTES; size += read)
        ({ bytesRead: read } = await handle.read(buffer, size, MAX_BYTES - size));
      return buffer.toString('utf8', 0, size);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable';
    throw new InputError('bad_usage', [`${file}: the public key can't be read (${code})`], { cause });
  }
}
