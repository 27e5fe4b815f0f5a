import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import type { Stage } from '../support/stage.js';
import type { Seeded } from '../support/seeded.js';

/** What has happened so far, by what the disk, the remote and Tau see of it: asking the worker would ask its next victim. */
export interface Progress {
  /** Journal entries from the beginning of promoting on. */
  readonly entries: number;
  /** Questions to Tau's gateway since the approval. */
  readonly questions: number;
  /** Whether the branch has been moved, and how often. */
  readonly moves: number;
  /** Intents on disk: of the promotion, of its revert. */
  readonly intents: number;
}

export interface Moment {
  readonly of: keyof Progress;
  readonly nth: number;
  /** How long after it, so that what follows is hit too. */
  readonly lateMs: number;
}

export function momentText({ of, nth, lateMs }: Moment): string {
  return `${nth} ${of}, ${lateMs} ms later`;
}

/** A moment that comes in every run of the scenario, somewhere between the beginning of promoting and its end. */
export function chooseMoment(seeded: Seeded, rollsBack: boolean): Moment {
  const most: Readonly<Record<keyof Progress, number>> = rollsBack
    ? { entries: 8, questions: 5, moves: 2, intents: 2 }
    : { entries: 2, questions: 16, moves: 1, intents: 1 };
  const of = seeded.one(['entries', 'questions', 'moves', 'intents']);
  return { of, nth: 1 + seeded.below(most[of]), lateMs: seeded.one([0, 0, 10, 40, 120]) };
}

/** Watches one promotion from outside its worker. */
export class Watcher {
  readonly #stage: Stage;
  readonly #folder: string;
  #questions = 0;

  /** @param evidence folder of the run, relative to the evidence */
  constructor(stage: Stage, evidence: string) {
    this.#stage = stage;
    this.#folder = join(stage.config.evidenceDir, evidence);
    subscribe('http.server.request.start', this.#count);
  }

  close(): void {
    unsubscribe('http.server.request.start', this.#count);
  }

  progress(): Progress {
    return {
      entries: this.#entries(),
      questions: this.#questions,
      moves: this.#moves(),
      intents: this.#files('promotion', '.intent.json') + this.#files('rollback', '.json', '.revert-'),
    };
  }

  /** @returns false where the promotion ended before */
  async until({ of, nth, lateMs }: Moment, ended: () => boolean): Promise<boolean> {
    while (this.progress()[of] < nth) {
      if (ended()) return false;
      await sleep(2);
    }
    await sleep(lateMs);
    return !ended();
  }

  /** Until the worker has done something; a move may still be a push that outlived its worker. */
  async untilNews(before: Progress, ended: () => boolean): Promise<void> {
    const done = ({ entries, questions, intents }: Progress): number => entries + questions + intents;
    while (done(this.progress()) === done(before) && !ended()) await sleep(5);
  }

  readonly #count = (message: unknown): void => {
    const { request } = asked.parse(message);
    if (this.#stage.rehearsal.baseUrl.endsWith(`:${request.socket.localPort}`)) this.#questions += 1;
  };

  #entries(): number {
    const names = this.#names('journal').sort();
    const kinds = names.map((name) => kindOf(join(this.#folder, 'journal', name)));
    const begun = kinds.indexOf('step-started');
    return begun === -1 ? 0 : kinds.length - begun;
  }

  #moves(): number {
    const { remote, branch } = this.#stage.rehearsal;
    const log = join(remote, 'logs/refs/heads', branch);
    return existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean).length : 0;
  }

  #files(folder: string, ending: string, having = ''): number {
    return this.#names(folder).filter((name) => name.endsWith(ending) && name.includes(having)).length;
  }

  #names(folder: string): string[] {
    const path = join(this.#folder, folder);
    return existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.json')) : [];
  }
}

const asked = z.object({ request: z.object({ socket: z.object({ localPort: z.number().optional() }) }) });
const entry = z.object({ kind: z.string() });
const kinds = new Map<string, string>();

/** Entries never change, so each is read once. */
function kindOf(path: string): string {
  const known = kinds.get(path);
  if (known !== undefined) return known;
  const { kind } = entry.parse(JSON.parse(readFileSync(path, 'utf8')));
  kinds.set(path, kind);
  return kind;
}
