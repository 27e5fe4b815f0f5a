import type { RunbookGate } from '../../contracts/runbook.js';
import type { NotAnswered, Observation } from '../../domain/observation.js';
import { readExitCode, type ExitCodes } from '../../readers/exit-code.js';
import { readFields } from '../../readers/fields.js';
import { readHttpStatus } from '../../readers/http-status.js';
import { readStandard } from '../../readers/standard.js';
import { readers } from '../../tau/readers.js';
import { parseJsonBody } from '../json-body.js';
import type { Probed } from '../probe.js';

/** The observation that an answer is: decoded, read by the gate's reader. */
export function observe({ id, reader }: Pick<RunbookGate, 'id' | 'reader'>, probed: Probed): Observation {
  if (reader === undefined)
    return { kind: 'misconfigured', code: 'no_reader', detail: `the gate ${id} has no reader` };
  if (reader === 'exit-code') return exitObservation(probed, undefined);
  if (typeof reader === 'object' && 'exit-code' in reader)
    return exitObservation(probed, reader['exit-code']);
  if (probed.kind !== 'answered') return notAnswered(probed);
  if (reader === 'http-status') return readHttpStatus(probed.status);
  const json = parseJsonBody(probed.body);
  if (json.kind === 'malformed') return { kind: 'malformed', code: json.code, detail: json.detail };
  if (typeof reader === 'object') return readFields(reader.fields, json.value);
  return reader === 'standard' ? readStandard(json.value) : readers[reader](json.value);
}

/** An exit code that the runbook gives a meaning is an answer; every other end of the command is what it always is. */
function exitObservation(probed: Probed, codes: ExitCodes | undefined): Observation {
  const ended = probed.kind === 'answered' || probed.code === 'command_failed';
  const read = ended && probed.exitCode !== undefined ? readExitCode(probed.exitCode, codes) : undefined;
  if (read !== undefined) return read;
  return probed.kind === 'answered'
    ? {
        kind: 'unreachable',
        code: 'exit_code_without_meaning',
        detail: 'the runbook gives exit 0 no meaning',
      }
    : notAnswered(probed);
}

function notAnswered({ kind, code, detail }: Exclude<Probed, { kind: 'answered' }>): NotAnswered {
  return { kind, code, detail };
}
