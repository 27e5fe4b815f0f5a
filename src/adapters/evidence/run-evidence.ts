import type { z } from 'zod';

import { RUN_PATTERN } from '../../contracts/names.js';
import { runRecordSchema, type RunRecord } from '../../contracts/run-record.js';
import { canonicalBytes, digest, sha256 } from '../canonical.js';
import { resolvedRunbook, resolvedShape, type LoadedRunbook } from '../runbook/resolve.js';
import type { SignerDigests, Signers } from '../runbook/signers.js';
import { EvidenceError } from './evidence-error.js';
import type { EvidenceStore, PutResult } from './store.js';

/** `20260102T030405Z-tau-production-20260102T030405678Z-5f0c2a9e`: timestamps of a second collide, runs do not. */
export function folderName(openedAt: string, target: string, run: string): string {
  const stamp = `${openedAt.slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  return `${stamp}-${target}-${run}`;
}

/** Whether a folder is called as a run's is. */
export function isFolderOf(run: string): (name: string) => boolean {
  const end = `-${run}`;
  return (name) => name.endsWith(end);
}

const STAMP = '20260102T030405Z-'.length;
const RUN = '-20260102T030405678Z-5f0c2a9e'.length;

/** Whether a folder is called as one of a target's runs is. */
export function isFolderOfTarget(target: string): (name: string) => boolean {
  const whole = STAMP + target.length + RUN;
  return (name) => name.length === whole && name.startsWith(`${target}-`, STAMP);
}

/** The target that a run's folder is called after. */
export function targetIn(folder: string): string {
  return folder.slice(STAMP, -RUN);
}

export const ALLOWED_SIGNERS = 'allowed_signers';
export const REVOKED_KEYS = 'revoked_keys';

/** What is known of a run, read back from its evidence and checked against its digest. */
export interface KnownRun {
  readonly folder: string;
  readonly record: RunRecord;
  readonly loaded: LoadedRunbook;
}

/** The evidence of runs, by run: the only thing that an activity which changes the world is told. */
export class RunEvidence {
  readonly store: EvidenceStore;
  /** Ends of runs by their manifests, by folder, for as long as those stand there. */
  readonly ends = new Map<string, string>();
  /** Folders of sealed runs of which it was found that they have ended, whatever came since they were sealed. */
  readonly settled = new Set<string>();
  readonly #known = new Map<string, KnownRun>();

  constructor(store: EvidenceStore) {
    this.store = store;
  }

  /**
   * @param folder the run's, where it is known: to find it, all names are read
   * @throws EvidenceError `unavailable` where there is no such run, `conflict` where its runbook is another one
   */
  async known(run: string, folder?: string): Promise<KnownRun> {
    const cached = this.#known.get(run);
    if (cached !== undefined) return cached;
    const found = await this.knownIn(folder ?? (await this.folderOf(run)));
    if (found.record.run !== run)
      throw new EvidenceError('unavailable', `${this.store.locate(found.folder)}: run.json is another run's`);
    this.#remember(run, found);
    return found;
  }

  /** The run of a folder, whatever the folder is called. Throws as `known`. */
  async knownIn(folder: string): Promise<KnownRun> {
    const record = await this.readJson(folder, 'run.json', runRecordSchema);
    const bytes = await this.store.get(folder, 'runbook.json');
    if (record === undefined || bytes === undefined)
      throw new EvidenceError(
        'unavailable',
        `${this.store.locate(folder)}: run.json or runbook.json is missing`,
      );
    if (digest('promotion-runbook/v1', bytes) !== record.runbook)
      throw new EvidenceError(
        'conflict',
        `${this.store.locate(folder)}: runbook.json is not the run's runbook`,
      );
    // Our own bytes, just checked by digest: what the schema parsed when the run was opened.
    const runbook = resolvedShape.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    const signers = await this.#signersOf(folder, runbook.signers);
    return { folder, record, loaded: resolvedRunbook(runbook, signers) };
  }

  /** The run's folder; several of one name can't be. */
  async folderOf(run: string): Promise<string> {
    if (!RUN_PATTERN.test(run)) throw new EvidenceError('bad_name', `${run.slice(0, 64)} is no run`);
    // Among ten thousand others it takes long to find; where it is known it is looked for there.
    const known = this.#known.get(run)?.folder;
    if (known !== undefined && (await this.store.has(known, 'run.json'))) return known;
    const [folder] = await this.store.runs(isFolderOf(run));
    if (folder === undefined)
      throw new EvidenceError('unavailable', `there is no evidence of the run ${run}`);
    return folder;
  }

  async putJson(folder: string, path: string, value: unknown): Promise<PutResult> {
    return this.store.put(folder, path, canonicalBytes(JSON.parse(JSON.stringify(value))));
  }

  /** @throws EvidenceError `conflict` where the stored bytes are not of the schema */
  async readJson<Schema extends z.ZodType>(
    folder: string,
    path: string,
    schema: Schema,
  ): Promise<z.infer<Schema> | undefined> {
    const bytes = await this.store.get(folder, path);
    if (bytes === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    } catch (cause) {
      throw new EvidenceError('conflict', `${this.store.locate(folder)}/${path} is not of its form`, {
        cause,
      });
    }
  }

  async foldersOf(target: string): Promise<readonly string[]> {
    return this.store.runs(isFolderOfTarget(target));
  }

  /** The files of keys as they were when the run was opened, checked against the runbook's digests of them. */
  async #signersOf(folder: string, digests: SignerDigests | undefined): Promise<Signers | undefined> {
    if (digests === undefined) return undefined;
    const read = async (path: string, expected: string): Promise<Uint8Array> => {
      const bytes = await this.store.get(folder, path);
      if (bytes !== undefined && sha256(bytes) === expected) return bytes;
      throw new EvidenceError(
        'conflict',
        `${this.store.locate(folder)}/${path} is not the file that the run's policy names`,
      );
    };
    const { allowedSigners, revokedKeys } = digests;
    return {
      allowedSigners: await read(ALLOWED_SIGNERS, allowedSigners),
      revokedKeys: revokedKeys === null ? undefined : await read(REVOKED_KEYS, revokedKeys),
    };
  }

  #remember(run: string, found: KnownRun): void {
    const KEPT = 256;
    const oldest = this.#known.keys().next().value;
    if (this.#known.size >= KEPT && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(run, found);
  }
}
