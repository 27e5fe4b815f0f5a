import { beating } from './beating.js';
import type { Dependencies } from './dependencies.js';

/** Runs the runbook's prerequisites, e.g. that its command runs at all: a first build may take minutes. */
export function checkPrerequisitesWith({ evidence, store, asking, commands }: Dependencies) {
  return ({ run }: { readonly run: string }): Promise<{ readonly problems: readonly string[] }> =>
    beating(async (signal) => {
      const { folder, loaded } = await evidence.known(run);
      const problems: string[] = [];
      const checked: Record<string, string> = {};
      for (const prerequisite of loaded.runbook.prerequisites) {
        const { code, detail } = await commands.runRepair(prerequisite, asking(loaded, signal));
        checked[prerequisite.id] = code;
        if (code !== 'done') problems.push(`${prerequisite.id}: ${code}: ${detail}`);
      }
      await store.put(
        folder,
        `prerequisites-${problems.length === 0 ? 'met' : 'not-met'}.json`,
        Buffer.from(JSON.stringify(checked)),
      );
      return { problems };
    });
}
