import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { EvidenceError } from '../../../src/adapters/evidence/evidence-error.js';
import { openKeyFile } from '../../../src/adapters/attestation/key-file.js';
import type { SigningKey } from '../../../src/adapters/attestation/signing-key.js';
import { createFileStore } from '../../../src/adapters/evidence/file-store.js';
import { folderName, RunEvidence, type KnownRun } from '../../../src/adapters/evidence/run-evidence.js';
import type { EvidenceStore } from '../../../src/adapters/evidence/store.js';
import type { LoadedRunbook } from '../../../src/adapters/runbook/load.js';
import type { RunRecord } from '../../../src/contracts/run-record.js';
import { load, REQUESTER, scratchFolder, smallRunbook } from '../runbook/written-runbook.js';

export const RUN = '20260102T030405678Z-5f0c2a9e';
export const OPENED_AT = '2026-01-02T03:04:05.678Z';
export const OPENED_MS = Date.parse(OPENED_AT);
export const COMMIT = 'a'.repeat(40);
export const HOUR_MS = 3_600_000;

export interface OpenedRun {
  readonly evidence: RunEvidence;
  readonly store: EvidenceStore;
  readonly folder: string;
  /** Path of the run's folder. */
  readonly path: string;
  readonly run: string;
  readonly record: RunRecord;
  readonly loaded: LoadedRunbook;
  readonly known: () => Promise<KnownRun>;
}

export interface Opening {
  readonly store?: EvidenceStore | undefined;
  readonly loaded?: LoadedRunbook | undefined;
  readonly record?: Partial<RunRecord>;
}

/** A run whose evidence was opened in a real folder, as the activity openRun leaves it. */
export async function openRun(opening: Opening = {}): Promise<OpenedRun> {
  const store = opening.store ?? createFileStore(join(await scratchFolder(), 'reports'));
  const loaded = opening.loaded ?? (await load(smallRunbook()));
  const record: RunRecord = {
    v: 1,
    run: RUN,
    deployment: 'd',
    target: 't',
    commit: COMMIT,
    subjectLine: 'Serve version 2',
    requester: REQUESTER,
    reason: 'test',
    openedAt: OPENED_AT,
    runbook: loaded.digest,
    policy: loaded.policy,
    previous: null,
    rolledBack: null,
    again: false,
    workflow: { id: 'promotion/t', firstExecutionRunId: 'first' },
    ...opening.record,
  };
  const { run } = record;
  const folder = folderName(record.openedAt, record.target, run);
  const evidence = new RunEvidence(store);
  await store.put(folder, 'runbook.json', loaded.bytes);
  await evidence.putJson(folder, 'run.json', record);
  return {
    evidence,
    store,
    folder,
    path: store.locate(folder),
    run,
    record,
    loaded,
    known: () => evidence.known(run),
  };
}

/** A JSON object in a file, as a stranger would read it. */
export async function readObject(file: string): Promise<Readonly<Record<string, unknown>>> {
  return z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(file, 'utf8')));
}

/** The code of the error that the evidence's layer throws. Fails where it throws nothing or anything else. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EvidenceError)) throw new Error('no EvidenceError was thrown', { cause: error });
  return error.code;
}

/** The same store, but the first put of a path that matches fails, as on a full disk. */
export function failingOnce(store: EvidenceStore, path: RegExp): EvidenceStore {
  let failed = false;
  return {
    ...store,
    put: (run, name, bytes) => {
      if (failed || !path.test(name)) return store.put(run, name, bytes);
      failed = true;
      return Promise.reject(new EvidenceError('full', `${name}: no space left`));
    },
  };
}

const keys = new Map<string, Promise<SigningKey>>();

/** A key that signs evidence, made once for a test file's folder. */
export async function testKey(): Promise<SigningKey> {
  const known =
    keys.get('key') ??
    scratchFolder().then(async (folder) => (await openKeyFile(join(folder, 'keys/evidence.pem'))).key);
  keys.set('key', known);
  return known;
}
