/**
 * The value that a JSON Pointer names, or undefined where it leads nowhere. Only own members are entered, and of a list
 * only its items: no answer reaches a method or a length.
 */
export function valueAtPointer(body: unknown, pointer: string): unknown {
  let value = body;
  for (const token of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    // RFC 6901 section 4: an index has no leading zero.
    if (Array.isArray(value) && !/^(?:0|[1-9]\d{0,8})$/.test(key)) return undefined;
    const member: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
    value = member;
  }
  return value;
}

/** The first of these that is there; null is absent, as it says nothing. */
export function firstPresent(
  body: unknown,
  pointers: readonly string[],
): { readonly at: string; readonly value: unknown } | undefined {
  for (const at of pointers) {
    const value = valueAtPointer(body, at);
    if (value !== undefined && value !== null) return { at, value };
  }
  return undefined;
}
