import type { Finding } from '../../domain/verification.js';
import { inFindingOrder } from '../../domain/verification.js';
import { CanonicalError, type Digest } from '../canonical.js';
import type { Verify } from '../signatures/verify.js';
import type { BelievedKey } from '../attestation/trusted-keys.js';
import { boundRunbook } from './bound-runbook.js';
import { checkAttestations } from './attestations.js';
import { checkDecisions, type TrustedSigners } from './decisions.js';
import { finding } from './findings.js';
import { checkJournal } from './journal.js';
import { checkFiles, checkManifest, type SealedFolder } from './manifest.js';
import type { RunFiles } from './run-files.js';
import { checkStory } from './story.js';
import { checkVerdicts } from './verdicts.js';

/** What a verifier trusts; nothing of it comes from the folder. */
export interface Trust {
  readonly signers: TrustedSigners | undefined;
  readonly verify: Verify;
  /** Keys that may sign evidence. */
  readonly keys: readonly BelievedKey[];
  /** ms since the epoch: since when the anchor holds the digest; undefined where there is none, or nobody knows. */
  readonly anchoredAt: number | undefined;
  /** The manifest's digest as it is known from elsewhere: Temporal, a notification, the next run. */
  readonly anchor: string | undefined;
}

export interface VerifiedRun {
  readonly run: string;
  readonly end: string | undefined;
  readonly manifest: Digest | undefined;
  readonly previous: SealedFolder['manifest']['previous'];
  /** All of them, in the verifier's order; a run holds where none is more than a warning. */
  readonly findings: readonly Finding[];
}

/** Everything that one folder and what is trusted can tell, by nobody's word. docs/reference/verification.md */
export async function verifyRun(files: RunFiles, trust: Trust): Promise<VerifiedRun> {
  const { sealed, findings: first } = await checkManifest(files);
  if (sealed === undefined)
    return { run: files.name, end: undefined, manifest: undefined, previous: null, findings: first };
  const { manifest, digest, record } = sealed;
  const journal = await checkJournal(files, sealed);
  const loaded = record === undefined ? undefined : await boundRunbook(files, record);
  const findings = [
    ...first,
    ...(await looked(() => checkAttestations(files, sealed, journal.entries, trust.keys, trust.anchoredAt))),
    ...(await checkFiles(files, sealed)),
    ...journal.findings,
    ...anchorFindings(digest, trust.anchor),
    ...(await looked(() => checkDecisions(files, sealed, journal.entries, trust.signers, trust.verify))),
    ...(loaded === undefined
      ? [finding('verdict_differs', 'runbook.json', 'not the runbook, or not the policy, of the run')]
      : await looked(() => checkVerdicts(files, sealed, loaded, journal.entries))),
    ...(loaded === undefined ? [] : await checkStory(files, sealed, loaded, journal.entries)),
  ];
  return {
    run: manifest.run,
    end: manifest.end,
    manifest: digest,
    previous: manifest.previous,
    findings: inFindingOrder(findings),
  };
}

/** What has no canonical form, such as half a surrogate pair, is written by nothing of ours. */
async function looked(check: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof CanonicalError)) throw error;
    return [finding('verdict_differs', 'the run', 'a file holds what has no canonical form')];
  }
}

function anchorFindings(digest: Digest, anchor: string | undefined): readonly Finding[] {
  if (anchor === digest) return [];
  return anchor === undefined
    ? [finding('anchor_absent', 'manifest.json', 'nothing outside the folder names this manifest')]
    : [finding('anchor_mismatch', 'manifest.json', `${digest}, elsewhere it is known as ${anchor}`)];
}
