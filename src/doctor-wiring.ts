import { join } from 'node:path';

import { examineEvidenceKey } from './adapters/doctor/evidence-key.js';
import { examineEvidenceStore } from './adapters/doctor/evidence-store.js';
import { examineTarget, gitPlacesOf, readTarget, type TargetRead } from './adapters/doctor/runbook.js';
import { examineTools } from './adapters/doctor/tools.js';
import { createKnownSecrets } from './adapters/known-secrets.js';
import type { Config } from './config.js';
import type { DoctorFinding } from './domain/doctor/finding.js';
import type { LongestPromotion } from './domain/doctor/retention.js';

export type { TargetRead } from './adapters/doctor/runbook.js';

/** What `promote doctor` looks at on this machine, and nothing that changes it. */
export function createDoctor(config: Config) {
  const { environment } = config;
  const secrets = createKnownSecrets(environment);
  const here = {
    set: {},
    environment,
    workingDirectory: config.workingDirectory,
    mirrorsDir: join(config.dataDir, 'mirrors'),
    remember: secrets.remember,
  };
  return {
    redact: secrets.redact,
    readTarget,
    examineTarget: (read: TargetRead): Promise<readonly DoctorFinding[]> => examineTarget(read, here),
    examineEvidenceStore: () => examineEvidenceStore(config.evidenceDir),
    examineEvidenceKey: () =>
      examineEvidenceKey(
        { file: config.evidenceKeyFile, trustedKeys: config.trustedKeys, deployment: config.deployment },
        Date.now(),
      ),
    examineTools: (read: readonly TargetRead[]) => examineTools(environment['PATH'] ?? '', toolsOf(read)),
  };
}

function toolsOf(read: readonly TargetRead[]): { readonly git: boolean; readonly signatures: boolean } {
  const runbooks = read.flatMap(({ written }) => (written === undefined ? [] : [written.runbook]));
  return {
    git: runbooks.some((runbook) => gitPlacesOf({ runbook }).length > 0),
    signatures: runbooks.some(({ approval }) => approval.allowedSigners !== undefined),
  };
}

/** Over all runbooks that can be read. */
export function longestOf(read: readonly TargetRead[]): LongestPromotion | undefined {
  const all = read.flatMap(({ name, written }): readonly LongestPromotion[] =>
    written === undefined
      ? []
      : [
          {
            target: name,
            expiresMs: written.runbook.approval.expires,
            windowMs: written.runbook.watch.window,
          },
        ],
  );
  return all.toSorted((a, b) => b.expiresMs + b.windowMs - a.expiresMs - a.windowMs)[0];
}
