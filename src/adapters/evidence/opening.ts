import type { LoadedRunbook } from '../runbook/load.js';
import { ALLOWED_SIGNERS, REVOKED_KEYS } from './run-evidence.js';
import type { EvidenceStore } from './store.js';

/** Keeps what a run is bound to: the resolved runbook, the approval policy, and the files of keys that it names. */
export async function keepRunbook(
  store: EvidenceStore,
  folder: string,
  { bytes, policyBytes, signers }: LoadedRunbook,
): Promise<void> {
  await store.put(folder, 'runbook.json', bytes);
  await store.put(folder, 'policy.json', policyBytes);
  if (signers === undefined) return;
  await store.put(folder, ALLOWED_SIGNERS, signers.allowedSigners);
  if (signers.revokedKeys !== undefined) await store.put(folder, REVOKED_KEYS, signers.revokedKeys);
}
