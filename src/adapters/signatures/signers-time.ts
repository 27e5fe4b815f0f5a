export interface SignersTime {
  /** ms since the epoch. */
  readonly at: number;
  /** Without Z a time is local to whoever verifies. */
  readonly zone: 'utc' | 'local';
}

const TIME = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)$/;

/** A time of `allowed_signers`: YYYYMMDD[HHMM[SS]][Z]. A day or hour that does not exist is malformed; OpenSSH would count on. */
export function parseSignersTime(text: string | undefined): SignersTime | 'malformed' | undefined {
  if (text === undefined) return undefined;
  const match = TIME.exec(text);
  if (match === null) return 'malformed';
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const utc = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const exists =
    utc.getUTCFullYear() === year &&
    utc.getUTCMonth() === month - 1 &&
    utc.getUTCDate() === day &&
    utc.getUTCHours() === hour &&
    utc.getUTCMinutes() === minute &&
    utc.getUTCSeconds() === second;
  // OpenSSH takes the epoch itself for no time at all.
  if (!exists || year < 1971) return 'malformed';
  if (match[7] === 'Z') return { at: utc.getTime(), zone: 'utc' };
  return { at: new Date(year, month - 1, day, hour, minute, second).getTime(), zone: 'local' };
}

/** For `-Overify-time`, in whole seconds: YYYYMMDDHHMMSSZ. */
export function verifyTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
}
