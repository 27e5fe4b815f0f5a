import { RUN_PATTERN } from '../../contracts/names.js';
import type { RunRecord } from '../../contracts/run-record.js';
import { leftUnsealed } from '../../domain/past-runs.js';
import type { LoadedRunbook } from '../runbook/load.js';
import { headOf } from './heads.js';
import { pastRuns } from './past-runs.js';
import { putTogether } from './put-together.js';
import {
  ALLOWED_SIGNERS,
  folderName,
  isFolderOf,
  isFolderOfTarget,
  REVOKED_KEYS,
  type RunEvidence,
} from './run-evidence.js';
import type { EvidenceStore } from './store.js';

/** Keeps what a run is bound to: the resolved runbook, the approval policy, and the files of keys that it names. */
export async function keepRunbook(
  store: EvidenceStore,
  folder: string,
  { bytes, policyBytes, signers }: LoadedRunbook,
): Promise<void> {
  await putTogether(store, folder, {
    'runbook.json': bytes,
    'policy.json': policyBytes,
    [ALLOWED_SIGNERS]: signers?.allowedSigners,
    [REVOKED_KEYS]: signers?.revokedKeys,
  });
}

/** What a workflow says that it was admitted as. */
export interface SaidAdmission {
  readonly run: string;
  readonly folder: string;
  readonly openedAt: string;
  readonly deployment: string;
  readonly previous: { readonly manifest: string } | null;
}

/**
 * Whether a run may be opened as what a workflow says of it. Anybody can run a workflow that says otherwise, so that a request
 * to start of another deployment or of before fits it, or so that its folder is taken for another run's, or for an older one.
 */
export async function isAdmittedHere(
  evidence: RunEvidence,
  deployment: string,
  target: string,
  said: SaidAdmission,
): Promise<boolean> {
  const { run, folder, openedAt } = said;
  const stamp = openedAt.replaceAll(/[-:.]/g, '');
  if (said.deployment !== deployment || !RUN_PATTERN.test(run) || !run.startsWith(`${stamp}-`)) return false;
  const at = Date.parse(openedAt);
  if (Number.isNaN(at) || new Date(at).toISOString() !== openedAt) return false;
  if (folder !== folderName(openedAt, target, run)) return false;
  const [isRuns, isTargets] = [isFolderOf(run), isFolderOfTarget(target)];
  const folders = await evidence.store.runs((name) => isRuns(name) || isTargets(name));
  if (folders.some((name) => isRuns(name) && name !== folder)) return false;
  const past = (await pastRuns(evidence, target, folders)).filter((other) => other.run !== run);
  if (leftUnsealed(past) !== undefined) return false;
  const latest = await headOf(evidence, target);
  return (latest?.manifest ?? null) === (said.previous?.manifest ?? null);
}

/** Whether no other run of the target was opened after this one, nor sealed since it was. */
export async function isNewest(
  evidence: RunEvidence,
  { target, previous }: Pick<RunRecord, 'target' | 'previous'>,
  folder: string,
): Promise<boolean> {
  const newest = (await evidence.foldersOf(target)).at(-1);
  const latest = await headOf(evidence, target);
  return newest === folder && (latest?.manifest ?? null) === (previous?.manifest ?? null);
}
