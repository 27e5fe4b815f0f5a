import type { RunbookGate } from '../../contracts/runbook.js';
import { overrideOf } from '../../domain/override.js';
import { judge, type GateResult } from '../../domain/verdict.js';
import { isExitCodeReader } from '../../contracts/runbook-reader.js';
import { probe, type Asking } from '../probe.js';
import type { LoadedRunbook } from '../runbook/load.js';
import { answerFiles, MAX_ANSWER_BYTES } from './answer.js';
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
  /** Markers that stood in the answer before. */
  readonly presentBefore: Readonly<Record<string, number>>;
  /** HTTP status or exit code: with the bytes, all that a reader reads. Null where there was none. */
  readonly status: number | null;
  readonly exitCode: number | null;
  /** The answer first; redacted. */
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

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
    presentBefore: probed.presentBefore,
    status: probed.status ?? null,
    exitCode: probed.exitCode ?? null,
    files: answerFiles(id, probed),
  };
}

export function gateOf({ runbook }: LoadedRunbook, id: string): RunbookGate {
  const gate = runbook.gates.find((candidate) => candidate.id === id);
  if (gate === undefined) throw new Error(`the runbook ${runbook.name} has no gate ${id}`);
  return gate;
}
