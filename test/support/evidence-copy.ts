import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { attest } from '../../src/adapters/attestation/attestations.js';
import { attestedRunOf } from '../../src/adapters/attestation/attested-run.js';
import type { SigningKey } from '../../src/adapters/attestation/signing-key.js';
import { canonicalBytes, sha256 } from '../../src/adapters/canonical.js';
import { entryDigest, entryPath, genesis } from '../../src/adapters/evidence/journal.js';
import { ATTESTATIONS, MANIFEST } from '../../src/adapters/evidence/sealed-files.js';
import { markersIn } from '../../src/adapters/redaction-markers.js';
import { openFolder, type RunFiles } from '../../src/adapters/verification/run-files.js';
import { manifestSchema } from '../../src/contracts/manifest.js';
import { runRecordSchema } from '../../src/contracts/run-record.js';
import { z } from 'zod';

/** A run's folder in memory, to be edited by somebody who should not. */
export class EvidenceCopy {
  readonly name: string;
  readonly files: Map<string, Buffer>;
  /** What is no file there. */
  readonly irregular = new Set<string>();

  constructor(name: string, files: ReadonlyMap<string, Buffer>) {
    this.name = name;
    this.files = new Map(files);
  }

  static async of(root: string, name: string): Promise<EvidenceCopy> {
    const folder = await openFolder(join(root, name), name);
    const files = new Map<string, Buffer>();
    for (const { path } of folder.entries) files.set(path, await readFile(join(root, name, path)));
    return new EvidenceCopy(name, files);
  }

  copy(name = this.name): EvidenceCopy {
    return new EvidenceCopy(name, this.files);
  }

  get asFiles(): RunFiles {
    const paths = [...this.files.keys(), ...this.irregular].sort();
    return {
      name: this.name,
      entries: paths.map((path) => ({ path, regular: !this.irregular.has(path) })),
      read: (path) => Promise.resolve(this.irregular.has(path) ? undefined : this.files.get(path)),
    };
  }

  text(path: string): string {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw new Error(`${path} is not there`);
    return bytes.toString('utf8');
  }

  write(path: string, text: string): void {
    this.files.set(path, Buffer.from(text));
  }

  edit(path: string, change: (text: string) => string): void {
    const before = this.text(path);
    const after = change(before);
    if (after === before) throw new Error(`${path} was not changed`);
    this.write(path, after);
  }

  json(path: string, change: (value: Record<string, unknown>) => void): void {
    const value = z.record(z.string(), z.unknown()).parse(JSON.parse(this.text(path)));
    change(value);
    this.files.set(path, Buffer.from(canonicalBytes(value)));
  }

  /** Another journal, as one unbroken chain; `reseal` signs it. */
  retell(change: (entries: readonly Told[]) => readonly Told[]): void {
    const former = manifestSchema.parse(JSON.parse(this.text(MANIFEST)));
    const told = this.text('journal.jsonl').split('\n').slice(0, -1);
    for (const path of this.matching(/^journal\//)) this.remove(path);
    let prev: string = genesis(former.run);
    const lines = change(told.map((line) => toldSchema.parse(JSON.parse(line)))).map((one, index) => {
      const bytes = Buffer.from(canonicalBytes({ ...one, seq: index + 1, prev }));
      this.files.set(entryPath(index + 1), bytes);
      prev = entryDigest(bytes);
      return bytes.toString('utf8');
    });
    this.write('journal.jsonl', `${lines.join('\n')}\n`);
    this.json(MANIFEST, (manifest) => (manifest['journal'] = { seq: lines.length, head: prev }));
  }

  remove(...paths: readonly string[]): void {
    for (const path of paths) if (!this.files.delete(path)) throw new Error(`${path} is not there`);
  }

  matching(pattern: RegExp): readonly string[] {
    return [...this.files.keys()].filter((path) => pattern.test(path)).sort();
  }

  /** As whoever holds the worker's key could: a manifest and attestations over what is there now. */
  async reseal(key: SigningKey): Promise<void> {
    const former = manifestSchema.parse(JSON.parse(this.text(MANIFEST)));
    const paths = [...this.files.keys()].filter((path) => path !== MANIFEST && path !== ATTESTATIONS).sort();
    const files = paths.map((path) => {
      const bytes = this.files.get(path) ?? Buffer.alloc(0);
      return { path, size: bytes.byteLength, sha256: sha256(bytes), redactions: markersIn(bytes) };
    });
    const manifest = { ...former, files };
    const bytes = Buffer.from(canonicalBytes(manifest));
    this.files.set(MANIFEST, bytes);
    const entries = this.text('journal.jsonl')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => entry.parse(JSON.parse(line)));
    const record = runRecordSchema.parse(JSON.parse(this.text('run.json')));
    const readable = { paths, read: this.asFiles.read };
    const run = await attestedRunOf(readable, record, { manifest, sha256: sha256(bytes) }, entries);
    this.files.set(ATTESTATIONS, Buffer.from(await attest(run, key)));
  }
}

const toldSchema = z.looseObject({ kind: z.string(), body: z.record(z.string(), z.unknown()) });
export type Told = z.infer<typeof toldSchema>;

const entry = z.object({ at: z.string(), kind: z.string(), body: z.record(z.string(), z.unknown()) });
