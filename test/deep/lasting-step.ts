import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseDocument } from 'yaml';

import type { Stage } from '../support/stage.js';
import { keepMoves } from './proofs.js';

/** Leaves a line each time that it is run, and lasts longer than the worker takes to be told to end. */
export async function addLastingStep(stage: Stage): Promise<void> {
  const { runbookFile } = stage.rehearsal;
  const runbook = parseDocument(await readFile(runbookFile, 'utf8'));
  const command = { argv: ['sh', '-c', `echo ran >> '${marksOf(stage)}'; sleep 3`] };
  runbook.addIn(['promotion', 'steps'], runbook.createNode({ id: 'lasting', command, repeatable: false }));
  await writeFile(runbookFile, runbook.toString());
  await keepMoves(stage);
}

export function marksOf({ folder }: Stage): string {
  return join(folder, 'marks');
}
