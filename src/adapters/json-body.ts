export type JsonBodyCode =
  'answer_empty' | 'answer_too_large' | 'answer_not_utf8' | 'answer_too_deep' | 'answer_not_json';

export type JsonBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'malformed'; readonly code: JsonBodyCode; readonly detail: string };

export interface JsonBodyLimits {
  readonly maxBytes: number;
  /** Levels of arrays and objects. At 200,000 JSON.parse still works, but what walks the value then throws. */
  readonly maxDepth: number;
}

export const JSON_BODY_LIMITS: JsonBodyLimits = { maxBytes: 4 * 1024 * 1024, maxDepth: 64 };

/**
 * One JSON value out of an answer's bytes, or the code why there is none. Never throws. `detail` is one line and
 * quotes nothing of the answer.
 *
 * The value is unknown: keys such as `__proto__` are own keys of it, and the last of two equal keys wins.
 */
export function parseJsonBody(bytes: Uint8Array, limits: JsonBodyLimits = JSON_BODY_LIMITS): JsonBody {
  if (bytes.byteLength > limits.maxBytes) {
    return malformed(
      'answer_too_large',
      `the answer has ${bytes.byteLength} bytes, at most ${limits.maxBytes} are read`,
    );
  }
  let text: string;
  try {
    // A byte order mark stays and is refused as not JSON (RFC 8259 section 8.1: must not be added).
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return malformed('answer_not_utf8', 'the answer is not UTF-8');
  }
  if (text.trim() === '') return malformed('answer_empty', 'the answer is empty');
  if (isDeeper(text, limits.maxDepth)) {
    return malformed('answer_too_deep', `the answer is nested deeper than ${limits.maxDepth} levels`);
  }
  try {
    const value: unknown = JSON.parse(text);
    return { kind: 'json', value };
  } catch {
    return malformed('answer_not_json', 'the answer is not JSON');
  }
}

function malformed(code: JsonBodyCode, detail: string): JsonBody {
  return { kind: 'malformed', code, detail };
}

/** Counts brackets outside strings. Exact for JSON; for anything else JSON.parse refuses what passed here. */
function isDeeper(text: string, maxDepth: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (inString) {
      if (char === BACKSLASH) at += 1;
      else if (char === QUOTE) inString = false;
    } else if (char === QUOTE) inString = true;
    else if (char === OPEN_ARRAY || char === OPEN_OBJECT) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (char === CLOSE_ARRAY || char === CLOSE_OBJECT) depth -= 1;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
