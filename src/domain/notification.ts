import type { End, Phase } from './phase.js';

/** What people who are not looking are told of. */
export const NOTIFICATIONS = [
  'awaiting-approval',
  'reminder',
  'decided',
  'promoted',
  'stopped',
  'rolling-back',
  'rolled-back',
  'rollback-failed',
  'expired',
] as const;
export type NotificationEvent = (typeof NOTIFICATIONS)[number];

/** One thing to tell. It holds no secret: all of it stood in the promotion's view before. */
export interface Notification {
  readonly event: NotificationEvent;
  /** Run and number within it: whoever gets it twice knows by it that it is the same. */
  readonly id: string;
  /** ms since the epoch */
  readonly at: number;
  readonly deployment: string;
  readonly target: string;
  readonly commit: string;
  readonly run: string;
  readonly requester: string;
  readonly subjectLine: string;
  readonly phase: Phase | End;
  readonly reason: string;
  readonly trigger: string | null;
  /** The decision that is asked for; null where none is. */
  readonly approval: {
    readonly digest: string;
    readonly missing: number;
    readonly waitingFor: readonly string[];
    /** ms since the epoch */
    readonly expiresAt: number;
  } | null;
  /** Gates that hold, with their codes. */
  readonly holding: readonly { readonly gate: string; readonly reasonCodes: readonly string[] }[];
  /** What to do about it, as commands; empty where nothing is to be done. */
  readonly next: readonly string[];
}

/** Notifications on their way, as a promotion tells of them. */
export interface Deliveries {
  readonly pending: number;
  readonly delivered: number;
  /** Given up. */
  readonly failed: number;
}

/** What entering a phase, or an end, is told as; undefined for what nobody waits for. */
export function notificationOf(phase: Phase | End): NotificationEvent | undefined {
  switch (phase) {
    case 'awaiting-approval':
    case 'rolling-back':
    case 'rollback-failed':
    case 'rolled-back':
    case 'expired':
    case 'promoted':
      return phase;
    case 'promoted-with-warnings':
      return 'promoted';
    case 'rollback-acknowledged':
    case 'stopped':
    case 'rejected':
    case 'aborted':
    case 'abandoned':
      return 'stopped';
    case 'validating':
    case 'remediating':
    case 'promoting':
    case 'watching':
      return undefined;
    default:
      return phase satisfies never;
  }
}

/** What a person can do then. */
export function nextOf(
  event: NotificationEvent,
  target: string,
  digest: string | undefined,
): readonly string[] {
  switch (event) {
    case 'awaiting-approval':
    case 'reminder':
      return digest === undefined
        ? [`promote status ${target}`]
        : [
            `promote status ${target}`,
            `promote approve ${target} --digest ${digest.replace('sha256:', '')}`,
            `promote reject ${target} --digest ${digest.replace('sha256:', '')} --comment …`,
          ];
    case 'rollback-failed':
      return [
        `promote status ${target}`,
        `promote retry-rollback ${target} --reason …`,
        `promote acknowledge ${target} --reason …`,
      ];
    case 'stopped':
    case 'rolling-back':
      return [`promote status ${target}`];
    case 'decided':
    case 'promoted':
    case 'rolled-back':
    case 'expired':
      return [];
    default:
      return event satisfies never;
  }
}
