import { beating } from './beating.js';
import type { Dependencies } from './dependencies.js';

/** Runs the runbook's prerequisites, e.g. that its command runs at all: a first build may take minutes. */
export function checkPrerequisitesWith({ evidence, asking, actions, checks }: Dependencies) {
  return ({ run }: { readonly run: string }): Promise<{ readonly problems: readonly string[] }> =>
    beating(async (signal) => {
      const known = await evidence.known(run);
      const { folder, loaded } = known;
      const kept = await checks.read(evidence, folder, checks.PREREQUISITES);
      if (kept !== undefined) return { problems: kept.problems };
      const problems: string[] = [];
      for (const prerequisite of loaded.runbook.prerequisites) {
        const { code, detail } = await actions.runRepair(prerequisite, asking(known, signal));
        if (code !== 'done') problems.push(`${prerequisite.id}: ${code}: ${detail}`);
      }
      const found = { problems, waived: [] };
      return { problems: (await checks.keep(evidence, folder, checks.PREREQUISITES, found)).problems };
    });
}
