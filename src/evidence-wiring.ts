import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { readTrustedKeys } from './adapters/attestation/enrol.js';
import { openKeyFile } from './adapters/attestation/key-file.js';
import { createFileStore } from './adapters/evidence/file-store.js';
import { headsOf, targetsWithHeads } from './adapters/evidence/heads.js';
import { pastRuns, type RememberedRun } from './adapters/evidence/past-runs.js';
import { isFolderOf, RunEvidence, type KnownRun } from './adapters/evidence/run-evidence.js';
import { begunSeal, finishSeal } from './adapters/evidence/seal.js';
import { showReport, type ReportForm, type ShownReport } from './adapters/evidence/show-report.js';
import { showRun, type ShownRun } from './adapters/evidence/show-run.js';
import {
  acknowledgeUnsealed,
  refuseUnsealable,
  unsealedHead,
  type Acknowledged,
} from './adapters/evidence/acknowledge.js';
import { createVerifier } from './adapters/signatures/verify.js';
import { previousFindings, verifyTarget, type VerifiedTarget } from './adapters/verification/chain.js';
import { openFolder } from './adapters/verification/run-files.js';
import { verifyRun, type VerifiedRun } from './adapters/verification/verify.js';
import type { Config } from './config.js';
import { InputError } from './contracts/input-error.js';
import type { TargetHead } from './contracts/manifest.js';
import { RUN_PATTERN, targetName } from './contracts/names.js';
import type { Submission } from './domain/statement.js';
import type { Finding } from './domain/verification.js';

export { inWords } from './adapters/evidence/report/in-words.js';
export { holds } from './adapters/verification/chain.js';
export type { VerifiedRun } from './adapters/verification/verify.js';
export type { VerifiedTarget } from './adapters/verification/chain.js';
export type { Acknowledged } from './adapters/evidence/acknowledge.js';
export type { RememberedRun } from './adapters/evidence/past-runs.js';

/** What a verifier brings along; nothing of it is taken from the evidence. */
export interface TrustFiles {
  readonly allowedSigners: string | undefined;
  readonly revokedKeys: string | undefined;
  /** Keys that may sign evidence; a file that is not there trusts nobody. */
  readonly trustedKeys: string;
  /** A manifest's digest as it is known from elsewhere. */
  readonly anchor: string | undefined;
}

/** A run's folder, and the folder that it stands in. */
export interface RunPlace {
  readonly root: string;
  readonly name: string;
  /** It was asked for by its name in this store, so that the runs around it are there too. */
  readonly byName: boolean;
}

/** Runs of a target as its evidence has them, newest first, and the sealed ones as they were sealed. */
export interface ListedEvidence {
  readonly runs: readonly RememberedRun[];
  readonly heads: readonly TargetHead[];
  /** Sealed once, and not there any more. */
  readonly gone: readonly TargetHead[];
}

/** What commands about evidence stand on: the store and what verifies it, and nothing that asks or promotes. */
export function createEvidenceWiring(config: Config) {
  const store = createFileStore(config.evidenceDir);
  const evidence = new RunEvidence(store);
  const verify = createVerifier({ searchPath: config.environment['PATH'] ?? '' });
  const openKey = async () => (await openKeyFile(config.evidenceKeyFile)).key;
  const targets = async (): Promise<readonly string[]> => {
    const there = (await store.runs()).flatMap((name) => RUN_FOLDER.exec(name)?.[1] ?? []);
    return [...new Set([...there, ...(await targetsWithHeads(evidence))])]
      .filter((name) => targetName.safeParse(name).success)
      .sort();
  };
  return {
    targets,
    list: async (target: string): Promise<ListedEvidence> => {
      const [runs, heads] = [await pastRuns(evidence, target), await headsOf(evidence, target)];
      const there = new Set(runs.map(({ run }) => run));
      return { runs, heads, gone: heads.filter(({ run }) => !there.has(run)) };
    },
    /**
     * A run by its name, or by the path of its folder.
     * @throws InputError bad_usage
     */
    place: async (given: string): Promise<RunPlace> => {
      const path = resolve(config.workingDirectory, given);
      if (!RUN_PATTERN.test(given)) return { root: dirname(path), name: basename(path), byName: false };
      const [name] = await store.runs(isFolderOf(given));
      if (name !== undefined) return { root: config.evidenceDir, name, byName: true };
      throw new InputError('bad_usage', [
        `${given}: no run of this name is in ${config.evidenceDir}: see \`promote evidence list\`, or name its folder`,
      ]);
    },
    verifyRun: async ({ root, name, byName }: RunPlace, trust: TrustFiles): Promise<VerifiedRun> => {
      const verified = await verifyRun(await openFolder(join(root, name), name), {
        signers: await signersOf(trust),
        verify,
        keys: await readTrustedKeys(trust.trustedKeys),
        anchor: trust.anchor,
        anchoredAt: undefined,
      });
      const chain: readonly Finding[] = byName ? await previousFindings(root, verified) : [];
      return { ...verified, findings: [...verified.findings, ...chain] };
    },
    verifyTarget: async (target: string, trust: TrustFiles): Promise<VerifiedTarget> =>
      verifyTarget(
        config.evidenceDir,
        target,
        await evidence.foldersOf(target),
        { signers: await signersOf(trust), verify, keys: await readTrustedKeys(trust.trustedKeys) },
        trust.anchor,
      ),
    show: async ({ root, name }: RunPlace): Promise<ShownRun> =>
      showRun(new RunEvidence(createFileStore(root)), name),
    report: async ({ root, name }: RunPlace, form: ReportForm): Promise<ShownReport> =>
      showReport(new RunEvidence(createFileStore(root)), name, form),
    /** The run of a target that was never sealed, and what an acknowledgement of it names. */
    unsealed: async (target: string) => {
      const [newest] = await pastRuns(evidence, target);
      if (newest === undefined || newest.sealed) return undefined;
      const known = await evidence.known(newest.run);
      return { known, run: newest, head: await unsealedHead(evidence, known) };
    },
    /**
     * How a run ended whose manifest was written; undefined for any other.
     * @throws EvidenceError `conflict` where what stands there is not that run's
     */
    begunSeal: async (known: KnownRun) => (await begunSeal(evidence, known))?.end,
    /** What was left to do of such a run; undefined for any other. */
    finishSeal: async (run: string) => finishSeal(evidence, run, openKey),
    /** @throws EvidenceError `conflict` that names what keeps such a run from being sealed */
    refuseUnsealable: async (known: KnownRun) => refuseUnsealable(evidence, known),
    acknowledge: async (
      run: string,
      current: Parameters<typeof acknowledgeUnsealed>[3],
      submission: Submission,
    ): Promise<Acknowledged> =>
      acknowledgeUnsealed(
        evidence,
        verify,
        await evidence.known(run),
        current,
        submission,
        Date.now(),
        openKey,
      ),
  };
}

const RUN_FOLDER = /^\d{8}T\d{6}Z-([a-z0-9-]+)-\d{8}T\d{9}Z-[0-9a-f]{8}$/;

async function signersOf({ allowedSigners, revokedKeys }: TrustFiles) {
  if (allowedSigners === undefined) return undefined;
  return {
    allowedSigners: await fileOf('--allowed-signers', allowedSigners),
    revoked: revokedKeys === undefined ? undefined : await fileOf('--revoked-keys', revokedKeys),
  };
}

async function fileOf(option: string, path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: unknown) => {
    throw new InputError('bad_usage', [`${option} ${path}: can't be read: check the path`], { cause });
  });
}
