import { CHAT_EVENT, OBSERVER_EVENTS } from './cortex-status.js';
import { readTextFile, writeTextFile, type JsonObject } from './state-files.js';

/** One line of what Cortex observed. */
export function observerEvent(eventType: string, timestampUnixMs: number, metadata: JsonObject = {}): string {
  return `${JSON.stringify({
    schema_version: 1,
    timestamp_unix_ms: timestampUnixMs,
    event_type: eventType,
    metadata,
  })}\n`;
}

/** `POST /cortex/chat`: notes that a chat was observed and answers with server-sent events, though no model is there. */
export function cortexChat(workspace: string, input: string, now: number): string {
  const path = `${workspace}/${OBSERVER_EVENTS}`;
  const code = 'cortex_chat_llm_error_fallback';
  const text = `Cortex fallback response engaged. reason_code=${code} model=gpt-4o-mini input_chars=${input.length}.`;
  const known = readTextFile(path) ?? '';
  const id = `cortex_resp_${String(known.split('\n').length).padStart(16, '0')}`;
  const noted = observerEvent(CHAT_EVENT, now, {
    fallback: true,
    input_chars: input.length,
    output_chars: text.length,
    reason_code: code,
    response_id: id,
  });
  writeTextFile(path, known + noted);
  return [
    serverSent('cortex.response.created', {
      created_unix_ms: now,
      fallback: true,
      reason_code: code,
      response_id: id,
      schema_version: 1,
    }),
    serverSent('cortex.response.output_text.delta', { delta: text, response_id: id }),
    serverSent('cortex.response.output_text.done', { response_id: id, text }),
    'event: done\ndata: [DONE]\n\n',
  ].join('');
}

function serverSent(event: string, data: JsonObject): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
