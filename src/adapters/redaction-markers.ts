const MARKER = /\[redacted:([A-Za-z0-9_.-]{1,64})\]/g;
/** No answer can make a count out of what is no plain key. */
const NO_NAME = '__proto__';

/** How often each marker `[redacted:NAME]` stands in a text. */
export function countMarkers(text: string): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const [, name = ''] of text.matchAll(MARKER))
    if (name !== NO_NAME) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** The same of a file. Markers are ASCII, so that it need not be text. */
export function markersIn(bytes: Uint8Array): Readonly<Record<string, number>> {
  return countMarkers(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'));
}
