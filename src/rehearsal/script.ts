import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { branchTip } from './branch-tip.js';
import { applyCondition } from './condition.js';
import { readGatewayService } from './gateway-service.js';
import type { Happening, Turn } from './scenario.js';
import { isObject, readTextFile, writeTextFile } from './state-files.js';

/** What both processes of the stand-in, HTTP server and command, know of their scenario: a file in the workspace. */
export interface Script {
  readonly v: 1;
  readonly remote: string;
  readonly branch: string;
  readonly formerTip: string;
  readonly turns: readonly Turn[];
  readonly delayMs: number;
}

const FOLDER = '.tau/rehearsal';

export function writeScript(workspace: string, script: Script): void {
  writeTextFile(join(workspace, FOLDER, 'script.json'), JSON.stringify(script));
}

/** @returns undefined where the working directory is no rehearsal's workspace, e.g. the wrong one */
export function readScript(workspace: string): Script | undefined {
  const text = readTextFile(join(workspace, FOLDER, 'script.json'));
  if (text === undefined) return undefined;
  const script: unknown = JSON.parse(text);
  if (!isScript(script))
    throw new Error(`${FOLDER}/script.json was written by another version of the rehearsal`);
  return script;
}

/** Only writeScript writes it, so its version vouches for the rest. */
function isScript(value: unknown): value is Script {
  return isObject(value) && value['v'] === 1;
}

export function happenings(workspace: string, script: Script): ReadonlySet<Happening> {
  const happened = new Set<Happening>();
  if (branchTip(script.remote, script.branch) !== script.formerTip) happened.add('branch-moved');
  if (readGatewayService(join(workspace, '.tau/gateway')).status === 'stopped')
    happened.add('gateway-stopped');
  return happened;
}

/** Brings the state files up to what has happened, before an answer is read from them. Each turn is taken once. */
export function takeTurns(
  workspace: string,
  { turns }: Script,
  happened: ReadonlySet<Happening>,
  now: number,
): void {
  for (const [index, turn] of turns.entries()) {
    const taken = join(workspace, FOLDER, `turn-${index}`);
    if (!happened.has(turn.after) || existsSync(taken)) continue;
    applyCondition(workspace, turn.into, now);
    writeTextFile(taken, '');
  }
}
