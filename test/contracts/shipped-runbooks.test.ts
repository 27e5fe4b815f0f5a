import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readRunbook } from '../../src/adapters/runbook/read.js';
import { root } from '../support/stage.js';

test.each(readdirSync(join(root, 'runbooks')).filter((file) => file.endsWith('.yaml')))(
  'the shipped %s is a valid runbook, named like its file',
  async (file) => {
    const { runbook } = await readRunbook(join(root, 'runbooks', file));
    expect(`${runbook.name}.yaml`).toBe(file);
  },
);
