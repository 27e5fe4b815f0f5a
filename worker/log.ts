import { hostname } from 'node:os';

import { DefaultLogger, type Logger, type LogLevel } from '@temporalio/worker';
import { pino } from 'pino';

import type { Config } from '../src/config.js';
import { fieldsOf, type Fields } from './log-fields.js';

export interface LogOptions extends Pick<Config, 'log'> {
  /** Keeps secrets out of a whole text. */
  readonly redact: (text: string) => string;
  /** Takes one line, without its end: the whole JSON of one, or words for people. */
  readonly write: (level: LogLevel, line: string) => void;
}

/**
 * The one way from this process to its log: what the worker says, and what Temporal's library says in workflows, activities
 * and its native side. As lines of JSON each has `level`, `time`, `worker` and `msg`, and the fields of docs/reference/logs.md.
 */
export function createLog(options: LogOptions): Logger {
  const say = options.log.form === 'json' ? asJson(options) : inWords(options);
  return new DefaultLogger(upper(options.log.level), ({ level, message, meta, timestampNanos }) => {
    if (EXPECTED.test(message)) return;
    const at = new Date(Number(timestampNanos / 1_000_000n));
    say(level, at, message, fieldsOf(meta ?? {}, options.redact));
  });
}

type Say = (level: LogLevel, at: Date, message: string, fields: Fields) => void;

/** All queues but the main one have activities only, and none has anything of Nexus. */
const EXPECTED = /^No (?:workflows|Nexus services) registered/;

function asJson({ redact, write }: LogOptions): Say {
  let level: LogLevel = 'INFO';
  const lines = pino(
    {
      level: 'trace',
      base: { worker: `${process.pid}@${hostname()}` },
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(level, whole(line.trimEnd(), redact)) },
  );
  return (of, at, message, fields) => {
    level = of;
    lines[lower(of)]({ time: at.toISOString(), ...fields }, message);
  };
}

/** Each value is redacted before; a secret that only the line as a whole spells must not break its form. */
function whole(line: string, redact: (text: string) => string): string {
  const clean = redact(line);
  if (clean === line || isJson(clean)) return clean;
  return JSON.stringify({ level: 'error', msg: 'a line of the log held a secret and is left out' });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function inWords({ redact, write }: LogOptions): Say {
  return (level, _at, message, fields) => {
    const about = IN_WORDS.map((name) => fields[name]).filter((value) => typeof value === 'string');
    write(level, redact(about.length === 0 ? message : `${message} (${about.join(', ')})`));
  };
}

/** What a person needs to know what a line is about. */
const IN_WORDS = ['activity', 'phase', 'round', 'gate', 'step', 'verdict', 'code', 'problem'] as const;

function lower(level: LogLevel): Config['log']['level'] {
  const names = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  return names[level];
}

function upper(level: Config['log']['level']): LogLevel {
  const names = { trace: 'TRACE', debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;
  return names[level];
}
