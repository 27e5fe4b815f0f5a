import type { ReasonCodeEntry } from './entry.js';
import { MACHINERY_CODES } from './machinery.js';
import { ANSWER_CODES, COMMAND_CODES, HTTP_CODES, READER_CODES } from './questions.js';
import { DECISION_CODES, STOP_CODES, TRIGGER_CODES, VERDICT_CODES } from './rules.js';
import { SIGNATURE_CODES } from './signatures.js';
import { GIT_CODES, STEP_CODES } from './steps.js';

/** Our reason codes by what they are said of, in the order of the reference page. */
export const OWN_REASON_CODES = [
  { title: 'Verdicts', codes: VERDICT_CODES },
  { title: 'HTTP', codes: HTTP_CODES },
  { title: 'Answers', codes: ANSWER_CODES },
  { title: 'Commands', codes: COMMAND_CODES },
  { title: 'Readers of any system', codes: READER_CODES },
  { title: 'Why a promotion stopped', codes: STOP_CODES },
  { title: 'Why a rollback was declared', codes: TRIGGER_CODES },
  { title: 'Steps', codes: STEP_CODES },
  { title: 'Git', codes: GIT_CODES },
  { title: 'Decisions', codes: DECISION_CODES },
  { title: 'Signatures', codes: SIGNATURE_CODES },
  { title: 'Our machinery', codes: MACHINERY_CODES },
] as const satisfies readonly {
  readonly title: string;
  readonly codes: Readonly<Record<string, ReasonCodeEntry>>;
}[];

type Family =
  'tls_*' | 'exit_code_*' | 'http_status_2xx' | 'http_status_4xx' | 'http_status_5xx' | 'http_status_other';
type Keys<Codes> = Codes extends unknown ? Extract<keyof Codes, string> : never;
type Written = Keys<(typeof OWN_REASON_CODES)[number]['codes']>;

/**
 * Every code that we can emit: what gives one has this type, so that the compiler finds a code that the catalogue lacks. A
 * code of a family, such as `http_status_418`, shares the entry of its family.
 */
export type OwnReasonCode =
  Exclude<Written, Family> | `http_status_${number}` | `exit_code_${number}` | `tls_${string}`;

/** The catalogue's entry of a code of ours; undefined for one that is none. */
export function ownReasonCode(code: string): ReasonCodeEntry | undefined {
  for (const name of [code, familyOf(code)]) {
    const entry = OWN.get(name);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

const OWN: ReadonlyMap<string, ReasonCodeEntry> = new Map(
  OWN_REASON_CODES.flatMap(({ codes }) => Object.entries<ReasonCodeEntry>(codes)),
);

function familyOf(code: string): string {
  if (/^tls_[a-z0-9_]+$/.test(code)) return 'tls_*';
  if (/^exit_code_\d{1,3}$/.test(code)) return 'exit_code_*';
  const [, hundreds] = /^http_status_([1-9])\d\d$/.exec(code) ?? [];
  if (hundreds === undefined) return '';
  return '245'.includes(hundreds) ? `http_status_${hundreds}xx` : 'http_status_other';
}
