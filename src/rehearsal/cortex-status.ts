import { readTextFile, isObject, numberIn, objectIn, textIn, type JsonObject } from './state-files.js';

/** Where Tau notes what Cortex observed, from the working directory. */
export const OBSERVER_EVENTS = '.tau/gateway/openresponses/cortex-observer-events.jsonl';
export const CHAT_EVENT = 'cortex.chat.request';
const STALE_AFTER_SECONDS = 21_600;

/** `GET /cortex/status`: ready only once a chat was observed, and not for long. */
export function cortexStatus(workspace: string, now: number): JsonObject {
  const text = readTextFile(`${workspace}/${OBSERVER_EVENTS}`);
  const lines = (text ?? '').split('\n').filter((line) => line.trim() !== '');
  const events = lines.map(parseEvent);
  const valid = events.filter((event) => event !== undefined);
  const last =
    valid.length === 0 ? null : Math.max(...valid.map((event) => numberIn(event, 'timestamp_unix_ms')));
  const counts: Record<string, number> = {};
  for (const event of valid)
    counts[textIn(event, 'event_type')] = (counts[textIn(event, 'event_type')] ?? 0) + 1;
  const seen: Seen = {
    present: text !== undefined,
    total: valid.length,
    invalid: events.length - valid.length,
    chats: counts[CHAT_EVENT] ?? 0,
    ageSeconds: last === null ? null : Math.max(0, Math.floor((now - last) / 1000)),
  };
  const [health, code, reason] = classify(seen);
  return {
    schema_version: 1,
    generated_unix_ms: now,
    state_present: seen.present,
    health_state: health,
    rollout_gate: health === 'healthy' ? 'pass' : 'hold',
    reason_code: code,
    health_reason: reason,
    total_events: seen.total,
    invalid_events: seen.invalid,
    last_event_unix_ms: last,
    last_event_age_seconds: seen.ageSeconds,
    event_type_counts: counts,
    recent_events: valid,
    diagnostics: diagnosticsOf(seen, events),
  };
}

interface Seen {
  readonly present: boolean;
  readonly total: number;
  readonly invalid: number;
  readonly chats: number;
  readonly ageSeconds: number | null;
}

/** Health, reason code and reason; the first that applies, in Tau's order. */
function classify({ present, total, invalid, chats, ageSeconds }: Seen): readonly [string, string, string] {
  const malformed = 'cortex_observer_events_malformed';
  if (!present)
    return [
      'failing',
      'cortex_observer_events_missing',
      `cortex observer events artifact is missing at ${OBSERVER_EVENTS}`,
    ];
  if (total === 0 && invalid > 0)
    return [
      'failing',
      malformed,
      `cortex observer history contains ${invalid} malformed event lines and no valid events`,
    ];
  if (total === 0)
    return [
      'degraded',
      'cortex_observer_events_empty',
      'cortex observer history has no valid readiness events',
    ];
  if (invalid > 0)
    return ['degraded', malformed, `cortex observer history includes ${invalid} malformed event lines`];
  if (chats === 0)
    return [
      'degraded',
      'cortex_chat_activity_missing',
      `no ${CHAT_EVENT} event has been observed for readiness validation`,
    ];
  if (ageSeconds !== null && ageSeconds > STALE_AFTER_SECONDS)
    return [
      'degraded',
      'cortex_observer_events_stale',
      `latest cortex observer event is stale (age=${ageSeconds}s max=${STALE_AFTER_SECONDS}s)`,
    ];
  return [
    'healthy',
    'cortex_ready',
    'cortex observer history is fresh and includes validated cortex chat activity',
  ];
}

function diagnosticsOf(seen: Seen, events: readonly (JsonObject | undefined)[]): readonly string[] {
  if (!seen.present) return [`cortex_observer_events_missing:${OBSERVER_EVENTS}`];
  if (events.length === 0) return [`cortex_observer_events_empty:${OBSERVER_EVENTS}`];
  return events.flatMap((event, index) =>
    event === undefined ? [`cortex_observer_event_malformed_line:${index + 1}`] : [],
  );
}

function parseEvent(line: string): JsonObject | undefined {
  try {
    const event: unknown = JSON.parse(line);
    if (!isObject(event) || textIn(event, 'event_type') === '') return undefined;
    return {
      schema_version: 1,
      timestamp_unix_ms: numberIn(event, 'timestamp_unix_ms'),
      event_type: textIn(event, 'event_type'),
      metadata: objectIn(event, 'metadata'),
    };
  } catch {
    return undefined;
  }
}
