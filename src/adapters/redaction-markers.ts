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

/** Whether two texts are one, of which either was told without some secrets: a marker stands for whatever the other has there. */
export function isSameButForMarkers(one: Uint8Array, other: Uint8Array): boolean {
  const [first, second] = [Buffer.from(one).toString('utf8'), Buffer.from(other).toString('utf8')];
  return fits(first, second) || fits(second, first);
}

/** The text has what stands between the markers, in its order, from its beginning to its end. */
function fits(marked: string, text: string): boolean {
  const pieces = marked.split(ANY_MARKER);
  const [head = '', ...others] = pieces;
  const tail = others.pop();
  if (tail === undefined) return marked === text;
  if (!text.startsWith(head) || !text.endsWith(tail)) return false;
  const end = text.length - tail.length;
  let from = head.length;
  for (const piece of others) {
    const at = text.indexOf(piece, from);
    if (at === -1) return false;
    from = at + piece.length;
  }
  return from <= end;
}

/** MARKER without its group, which `split` would keep. */
const ANY_MARKER = /\[redacted:[A-Za-z0-9_.-]{1,64}\]/g;
