import { z } from 'zod';

import { runbookSchema } from './runbook.js';

/**
 * A runbook's form as JSON Schema (draft 2020-12), for editors: as it is written, so that durations are texts and what has a
 * default may be left out. It says less than `promote runbook check`, which also looks at how parts fit together.
 */
export function runbookJsonSchema(): object {
  return {
    ...z.toJSONSchema(runbookSchema, { io: 'input', target: 'draft-2020-12' }),
    title: 'A runbook of promote',
  };
}
