import { countMarkers } from './redaction-markers.js';
import { findMasks, MASK_NAMES } from './redaction-masks.js';
import { byteText, findNeedles, needlesFor, type Needle, type Span } from './redaction-spellings.js';

/** How often each name was removed. Never a hash, size or offset of what was there: those help guessing. */
export type RedactionCounts = Readonly<Record<string, number>>;

interface Counts {
  /** Markers `[redacted:NAME]` put in. */
  readonly redactions: RedactionCounts;
  /** Markers that stood there before. Both together are the markers in the result, for the verifier to count. */
  readonly presentBefore: RedactionCounts;
}

export interface RedactedText extends Counts {
  readonly text: string;
}

export interface RedactedBytes extends Counts {
  readonly bytes: Uint8Array;
}

/**
 * Removes secrets from a **whole** text or body. Pure, and redacting twice is redacting once. Call it before cutting,
 * hashing, writing, logging or throwing: of a text that was cut first a prefix of the secret stays.
 */
export interface Redactor {
  (text: string): RedactedText;
  /**
   * The same for bytes; what is no UTF-8 stays as it was. `cut`: the source stopped at a limit, so the last
   * `longestVariantBytes` may hold the beginning of a secret and are dropped.
   */
  bytes(bytes: Uint8Array, options?: { readonly cut: boolean }): RedactedBytes;
  readonly longestVariantBytes: number;
}

export type RedactionErrorCode = 'secret_too_short' | 'secret_is_a_contract_word' | 'bad_secret_name';

/** A secret that cannot be redacted. Names the variable, never its value. A person has to change the secret. */
export class RedactionError extends Error {
  override readonly name = 'RedactionError';
  readonly code: RedactionErrorCode;
  readonly variable: string;

  constructor(code: RedactionErrorCode, variable: string, message: string) {
    super(`${variable}: ${message}`);
    this.code = code;
    this.variable = variable;
  }
}

/**
 * A redactor for these secrets, by the name that stands in the marker. Throws RedactionError for a secret under 8
 * characters, or one that is part of a word of the contract or of a marker: a token `rollout_gate` would rewrite
 * every answer.
 *
 * Not caught: values split by a newline, UTF-16, compressed bytes.
 */
export function createRedactor(secrets: Readonly<Record<string, string>>): Redactor {
  const names = Object.keys(secrets);
  for (const [name, value] of Object.entries(secrets)) checkSecret(name, value, names);
  const needles = Object.entries(secrets).flatMap(([name, value]) => needlesOf(name, value));
  const longestVariantBytes = Math.max(MIN_DROP_BYTES, ...needles.map((needle) => needle.longestBytes));

  const bytes: Redactor['bytes'] = (whole, options) => {
    const source = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength).toString('latin1');
    const redacted = redactByteText(source, needles);
    const text =
      options?.cut === true
        ? redacted.text.slice(0, Math.max(0, redacted.text.length - longestVariantBytes))
        : redacted.text;
    return { bytes: Buffer.from(text, 'latin1'), ...countsOf(text, redacted.placed) };
  };
  const redactText = (text: string): RedactedText => {
    const { bytes: redacted, ...counts } = bytes(Buffer.from(text, 'utf8'));
    return { text: Buffer.from(redacted).toString('utf8'), ...counts };
  };
  return Object.assign(redactText, { bytes, longestVariantBytes });
}

/**
 * A redactor of the secrets that are known when something is redacted: while an answer was on its way, a question beside it may
 * have opened a session.
 */
export function lateRedactor(secrets: () => Readonly<Record<string, string>>): Redactor {
  const { longestVariantBytes } = createRedactor(secrets());
  return Object.assign((text: string) => createRedactor(secrets())(text), {
    bytes: (...given: Parameters<Redactor['bytes']>) => createRedactor(secrets()).bytes(...given),
    longestVariantBytes,
  });
}

/**
 * Whether a text holds one of these secrets, in any spelling. By its value alone: words of a person that only look like a
 * secret by where they stand are none. Throws as createRedactor does.
 */
export function createDetector(secrets: Readonly<Record<string, string>>): (text: string) => boolean {
  const names = Object.keys(secrets);
  for (const [name, value] of Object.entries(secrets)) checkSecret(name, value, names);
  const needles = Object.entries(secrets).flatMap(([name, value]) => needlesOf(name, value));
  return (text) => needles.length > 0 && findNeedles(byteText(text), needles).length > 0;
}

const MAX_REMEMBERED = 256;
const remembered = new Map<string, readonly Needle[]>();

/** Each question makes a redactor, mostly of the secrets that the one before had, and their spellings are many. */
function needlesOf(name: string, value: string): readonly Needle[] {
  const key = JSON.stringify([name, value]);
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const needles = needlesFor(name, value);
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(key, needles);
  return needles;
}

/** Whether createRedactor takes this secret among others of these names: it must be part of none of their markers. */
export function isRedactable(name: string, value: string, others: readonly string[]): boolean {
  try {
    checkSecret(name, value, [name, ...others]);
    return true;
  } catch (error) {
    if (error instanceof RedactionError) return false;
    throw error;
  }
}

/**
 * Those of these that createRedactor takes together. What is part of the marker of one of them, such as a variable's name,
 * is left out: whatever was removed would show it again.
 *
 * @param others names of secrets that may come beside them
 */
export function redactable(
  secrets: Readonly<Record<string, string | undefined>>,
  others: readonly string[] = [],
): Record<string, string> {
  const alone = Object.entries(secrets).flatMap(([name, value]): [string, string][] =>
    value !== undefined && isRedactable(name, value, []) ? [[name, value]] : [],
  );
  const names = [...alone.map(([name]) => name), ...others];
  return Object.fromEntries(alone.filter(([name, value]) => isRedactable(name, value, names)));
}

/** Longer than any password in a URL that a cut may have left without its `@`. */
const MIN_DROP_BYTES = 256;

const MIN_SECRET_CHARACTERS = 8;

/** Words that answers are judged by; a secret that is part of one would change the verdict. */
const CONTRACT_WORDS: readonly string[] = (
  'healthy degraded failing unknown pass hold health_state health_reason rollout_gate reason_code reason_codes ' +
  'recommendation recommendations diagnostics components updated_unix_ms generated_unix_ms schema_version ' +
  'service_status service_last_stop_reason emergency_rollback rollout_reason_code guardrail_gate ' +
  'guardrail_reason_code last_reason_codes deployment transport gateway cortex operator multi_channel ' +
  'runtime_heartbeat all_checks_passing guardrail_checks_passing no_immediate_action_required healthy_cycle ' +
  'cortex_ready cortex_chat_activity_missing cortex_observer_events_missing cortex_observer_events_malformed ' +
  'cortex_observer_events_stale cortex_observer_events_empty service_stopped transport_healthy ' +
  'transport_degraded transport_failing transport_no_data running stopped authorization application/json'
).split(' ');

function checkSecret(name: string, value: string, names: readonly string[]): void {
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name)) {
    throw new RedactionError('bad_secret_name', JSON.stringify(name), 'not a name for a secret');
  }
  if (Array.from(value).length < MIN_SECRET_CHARACTERS) {
    throw new RedactionError('secret_too_short', name, `has under ${MIN_SECRET_CHARACTERS} characters`);
  }
  const markers = [...names, ...MASK_NAMES].map(marker);
  const folded = value.toLowerCase();
  if ([...CONTRACT_WORDS, ...markers].some((word) => word.toLowerCase().includes(folded))) {
    throw new RedactionError('secret_is_a_contract_word', name, 'is a word that answers are judged by');
  }
}

function marker(name: string): string {
  return `[redacted:${name}]`;
}

/** Until nothing is found: what stands around a marker may, by chance, spell a secret together with it. */
function redactByteText(
  source: string,
  needles: readonly Needle[],
): { text: string; placed: Map<string, number> } {
  const placed = new Map<string, number>();
  let text = source;
  for (let round = 0; round < 8; round += 1) {
    const spans = united(findNeedles(text, needles), findMasks(text));
    if (spans.length === 0) break;
    const parts: string[] = [];
    let from = 0;
    for (const { start, end, name } of spans) {
      parts.push(text.slice(from, start), marker(name));
      placed.set(name, (placed.get(name) ?? 0) + 1);
      from = end;
    }
    text = parts.join('') + text.slice(from);
  }
  return { text, placed };
}

/**
 * Overlapping spans become one, so that no end of a secret stays where another one began inside it. It has the name
 * of the longest secret in it, or of the mask if there is none.
 */
function united(secrets: readonly Span[], masks: readonly Span[]): readonly Span[] {
  const all = [
    ...secrets.map((span) => ({ ...span, rank: span.end - span.start })),
    ...masks.map((span) => ({ ...span, rank: 0 })),
  ].sort((a, b) => a.start - b.start);
  const result: (Span & { rank: number })[] = [];
  for (const span of all) {
    const last = result.at(-1);
    if (last === undefined || span.start >= last.end) {
      result.push(span);
      continue;
    }
    const named = span.rank > last.rank ? span : last;
    result[result.length - 1] = {
      start: last.start,
      end: Math.max(last.end, span.end),
      name: named.name,
      rank: named.rank,
    };
  }
  return result;
}

/** The markers that are in the text: those that we placed, as far as they are still there, and the others. */
function countsOf(text: string, placed: ReadonlyMap<string, number>): Counts {
  const redactions: [string, number][] = [];
  const presentBefore: [string, number][] = [];
  for (const [name, n] of Object.entries(countMarkers(text))) {
    const ours = Math.min(n, placed.get(name) ?? 0);
    if (ours > 0) redactions.push([name, ours]);
    if (n > ours) presentBefore.push([name, n - ours]);
  }
  return { redactions: Object.fromEntries(redactions), presentBefore: Object.fromEntries(presentBefore) };
}
