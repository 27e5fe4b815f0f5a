import type { RunbookGate } from '../../contracts/runbook.js';
import { overrideOf } from '../../domain/override.js';
import { judge, type GateResult } from '../../domain/verdict.js';
import { isExitCodeReader } from '../../contracts/runbook-reader.js';
import { parseJsonBody } from '../json-body.js';
import { probe, type Asking, type Probed } from '../probe.js';
import type { LoadedRunbook } from '../runbook/load.js';
import { observe } from './observe.js';

/** One gate's answer before it is stored: what the rules make of it, how it was asked, and the bytes that came. */
export interface AskedGate {
  readonly result: GateResult;
  /** ISO 8601 UTC */
  readonly askedAt: string;
  readonly durationMs: number;
  readonly tries: readonly {
    readonly startedAt: string;
    readonly durationMs: number;
    readonly outcome: string;
  }[];
  readonly redactions: Readonly<Record<string, number>>;
  /** The answer first; redacted. */
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** Tau's largest answer has 8 KiB. Redacting a hostile megabyte would hold up every heartbeat of the worker. */
const MAX_ANSWER_BYTES = 512 * 1024;

/**
 * Asks one gate that asks the system: bounded in time and bytes, transient faults retried inside its deadline, the
 * verdict taken from the redacted bytes, so that whoever holds the evidence comes to the same one.
 *
 * @throws the reason of `asking.signal`, and nothing else for what the system answers
 */
export async function askGate(loaded: LoadedRunbook, id: string, asking: Asking): Promise<AskedGate> {
  const gate = gateOf(loaded, id);
  const began = Date.now();
  const question = {
    http: gate.http,
    command: gate.command,
    deadlineMs: gate.deadline,
    maxBytes: MAX_ANSWER_BYTES,
    // The exit code is the answer.
    outputOptional: isExitCodeReader(gate.reader),
  };
  const probed = await probe(question, asking);
  return {
    result: judge(id, observe(gate, probed), gate.expect, overrideOf(loaded.overrides, id)),
    askedAt: new Date(began).toISOString(),
    durationMs: Date.now() - began,
    tries: probed.tries,
    redactions: probed.redactions,
    files: filesOf(id, probed),
  };
}

export function gateOf({ runbook }: LoadedRunbook, id: string): RunbookGate {
  const gate = runbook.gates.find((candidate) => candidate.id === id);
  if (gate === undefined) throw new Error(`the runbook ${runbook.name} has no gate ${id}`);
  return gate;
}

function filesOf(id: string, { body, stderr, tries }: Probed): AskedGate['files'] {
  const asJson = parseJsonBody(body).kind === 'json';
  const answer = { name: `${id}.${asJson ? 'json' : 'txt'}`, bytes: body };
  const said = stderr.byteLength === 0 ? [] : [{ name: `${id}.stderr.txt`, bytes: stderr }];
  return tries.length === 0 ? [] : [answer, ...said];
}
