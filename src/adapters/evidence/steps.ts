import type { Probed } from '../probe.js';
import { EvidenceError } from './evidence-error.js';
import type { RunEvidence } from './run-evidence.js';
import { putTogether } from './put-together.js';
import type { EvidenceStore } from './store.js';

/** Marks of what a step did. The same bytes whenever they are written, so that a repeated step never conflicts. */

/** Before a command promotes: what may have been begun is never taken for untouched. Must be durable. */
export async function noteBegun(store: EvidenceStore, folder: string, step: string): Promise<void> {
  await store.put(folder, `promotion/${step}.begun.json`, markOf(step));
}

export async function isBegun(store: EvidenceStore, folder: string, step: string): Promise<boolean> {
  return store.has(folder, `promotion/${step}.begun.json`);
}

/**
 * Before a rollback step acts that may not be repeated: an attempt that takes over from a lost one only asks then. It must
 * not wait for the disk.
 *
 * @param attempt of the whole rollback
 * @returns whether it had begun before
 */
export async function noteActing(
  store: EvidenceStore,
  folder: string,
  step: string,
  attempt: number,
): Promise<boolean> {
  const path = `rollback/${step}.${attempt}.begun.json`;
  let before = false;
  await ifPossible(async () => {
    before = await store.has(folder, path);
    if (!before) await store.put(folder, path, markOf(step));
  });
  return before;
}

/** A step that is done is not repeated. A full disk must not turn a done step into an endless one. */
export async function noteDone(store: EvidenceStore, folder: string, step: string): Promise<void> {
  await ifPossible(() => store.put(folder, `promotion/${step}.done.json`, markOf(step)));
}

export async function isDone(store: EvidenceStore, folder: string, step: string): Promise<boolean> {
  return store.has(folder, `promotion/${step}.done.json`);
}

/** From here on this run promotes nothing more. It must not wait for the disk: a rollback goes first. */
export async function noteRollbackBegun(store: EvidenceStore, folder: string): Promise<void> {
  await ifPossible(() => store.put(folder, 'rollback/begun.json', markOf('rollback')));
}

/** What a step printed, under its attempt's own name. */
export async function noteOutput(
  store: EvidenceStore,
  folder: string,
  path: string,
  attempt: number,
  { body, stderr }: Probed,
): Promise<void> {
  const name = attempt === 1 ? path : `${path}.attempt-${attempt}`;
  const files = {
    [`${name}.out.txt`]: body,
    [`${name}.err.txt`]: stderr.byteLength > 0 ? stderr : undefined,
  };
  await ifPossible(() => putTogether(store, folder, files));
}

/** How each attempt of a repair ended, when, and why. */
export async function noteRepair(
  evidence: RunEvidence,
  folder: string,
  path: string,
  attempt: number,
  tried: readonly { readonly code: string; readonly detail: string; readonly probed: Probed }[],
): Promise<void> {
  const name = attempt === 1 ? path : `${path}.attempt-${attempt}`;
  const attempts = tried.map(({ code, detail, probed: { tries, redactions } }) => ({
    code,
    detail,
    tries: [...tries],
    redactions,
  }));
  await ifPossible(() => evidence.putJson(folder, `${name}.repair.json`, { v: 1, attempts }));
}

/** As much as can be written now; the workflow's journal entry of the step is retried until it can be. */
export async function ifPossible(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
  }
}

function markOf(step: string): Uint8Array {
  return Buffer.from(JSON.stringify({ v: 1, step }));
}
