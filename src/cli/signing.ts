import { readFile } from 'node:fs/promises';

import { InputError } from '../contracts/input-error.js';
import { MAX_STATEMENT, statementText, type Statement, type Submission } from '../domain/statement.js';
import type { Context } from './context.js';

/** How a statement gets its signature, where it is not by the key of this person on this machine. */
export interface SigningFlags {
  readonly printStatement?: boolean;
  readonly statementFile?: string;
  readonly signatureFile?: string;
  readonly dryRun?: boolean;
}

/** Far more than a signature has. */
const MAX_SIGNATURE_FILE = 16_384;

/**
 * The statement with its signature: one that was made elsewhere, else by the key that was named, else none.
 *
 * @param statement as it would be made now; one that was signed elsewhere differs from it in its time and nonce alone
 * @param isProtected only a signed one counts
 * @throws InputError bad_usage; SignatureError
 */
export async function submissionFor(
  { signingKey, config }: Context,
  statement: Statement,
  flags: SigningFlags,
  isProtected: boolean,
): Promise<Submission> {
  const { signatureFile } = flags;
  if (signatureFile !== undefined) return signedElsewhere(statement, flags.statementFile, signatureFile);
  const text = statementText(statement);
  if (signingKey !== undefined) {
    const { signStatement } = await import('../wiring.js');
    const signature = await signStatement({
      namespace: statement.type,
      key: signingKey,
      statement: text,
      env: config.environment,
      terminal: process.stdin.isTTY && process.stderr.isTTY,
    });
    return { statement: text, signature };
  }
  if (isProtected)
    throw new InputError('bad_usage', [
      `${statement.target} is protected, only signed statements count: name your key with --signing-key or PROMOTE_SIGNING_KEY, or sign elsewhere with --print-statement and --signature-file`,
    ]);
  return { statement: text, signature: null };
}

/** Prints exactly the bytes that are to be signed: no newline follows them. */
export function printStatement(statement: Statement): void {
  process.stdout.write(statementText(statement));
}

async function signedElsewhere(
  statement: Statement,
  statementFile: string | undefined,
  signatureFile: string,
): Promise<Submission> {
  const file = statementFile ?? signatureFile.replace(/\.sig$/, '');
  if (file === signatureFile)
    throw new InputError('bad_usage', [
      `--signature-file ${signatureFile} has no .sig at its end: name the signed statement with --statement-file`,
    ]);
  const text = await read('--statement-file', file, MAX_STATEMENT);
  const signature = await read('--signature-file', signatureFile, MAX_SIGNATURE_FILE);
  if (text !== statementText({ ...statement, ...ownOf(text, statement) }))
    throw new InputError('bad_usage', [
      `${file} is not the statement of this command as it is now: print it again with --print-statement, and sign that`,
    ]);
  return { statement: text, signature };
}

/** What each printing makes anew: the time, and of a start its nonce. */
function ownOf(text: string, statement: Statement): { readonly at?: string; readonly nonce?: string } {
  const known = ['at', ...('nonce' in statement ? ['nonce'] : [])];
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter(([key, own]) => known.includes(key) && typeof own === 'string'),
    );
  } catch {
    return {};
  }
}

async function read(option: string, file: string, maxBytes: number): Promise<string> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new InputError('bad_usage', [`${option} ${file}: can't be read: check the path`], { cause });
  });
  if (bytes.length <= maxBytes) return bytes.toString('utf8');
  throw new InputError('bad_usage', [`${option} ${file}: has more than ${maxBytes} bytes`]);
}
