import type { LogMetadata } from '@temporalio/common';

export type Fields = Readonly<Record<string, unknown>>;

/** Temporal's names, and what they are called here. */
const CALLED: Readonly<Record<string, string>> = {
  activityType: 'activity',
  taskQueue: 'queue',
  runId: 'temporalRun',
  workflowRunId: 'temporalRun',
  workflowType: 'workflow',
  sdkComponent: 'component',
};

/** What says nothing to whoever reads a log. */
const LEFT_OUT: ReadonlySet<string> = new Set(['taskToken', 'isLocal', 'activityId', 'spanContexts']);

const LOCK = /^promotion\/([a-z0-9-]{1,63})$/;

/**
 * What a line is about, flat and bounded, without secrets. Its target follows from the workflow ID, which is the target's lock.
 * Redacted before it is cut: of a text that was cut first a prefix of the secret stays.
 */
export function fieldsOf(meta: LogMetadata, redact: (text: string) => string): Fields {
  const fields: Record<string, unknown> = {};
  const { workflowId } = meta;
  const [, target] = (typeof workflowId === 'string' ? LOCK.exec(workflowId) : null) ?? [];
  if (target !== undefined) fields['target'] = target;
  for (const [name, value] of Object.entries(meta)) {
    if (LEFT_OUT.has(name) || value === undefined || RESERVED.has(name)) continue;
    // The native side names the module that speaks its "target".
    const known = name === 'target' && meta['sdkComponent'] === 'core' ? 'module' : CALLED[name];
    fields[known ?? name] = bounded(value, redact);
  }
  return fields;
}

/** The line's own. */
const RESERVED: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'worker']);

const MAX_CHARS = 4_000;
const MAX_ITEMS = 50;

function bounded(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => bounded(item, redact));
  const text = redact(textOf(value));
  return text.length <= MAX_CHARS ? text : `${text.slice(0, MAX_CHARS - 1)}…`;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return value.stack ?? `${value.name}: ${value.message}`;
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    // A ring, or a number that JSON has no form for.
    return typeof value;
  }
}
