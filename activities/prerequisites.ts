import { z } from 'zod';

import { beating } from './beating.js';
import type { Dependencies } from './dependencies.js';

const checked = z.strictObject({ v: z.literal(1), problems: z.array(z.string()) });
const PATH = 'prerequisites.json';

/** Runs the runbook's prerequisites, e.g. that its command runs at all: a first build may take minutes. */
export function checkPrerequisitesWith({ evidence, asking, commands }: Dependencies) {
  return ({ run }: { readonly run: string }): Promise<{ readonly problems: readonly string[] }> =>
    beating(async (signal) => {
      const { folder, loaded } = await evidence.known(run);
      const before = await evidence.readJson(folder, PATH, checked);
      if (before !== undefined) return { problems: before.problems };
      const problems: string[] = [];
      for (const prerequisite of loaded.runbook.prerequisites) {
        const { code, detail } = await commands.runRepair(prerequisite, asking(loaded, signal));
        if (code !== 'done') problems.push(`${prerequisite.id}: ${code}: ${detail}`);
      }
      await evidence.putJson(folder, PATH, { v: 1, problems });
      return { problems };
    });
}
