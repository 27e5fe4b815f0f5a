import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { expect, vi } from 'vitest';
import { parseDocument } from 'yaml';
import { z } from 'zod';

import { startOf } from '../../src/cli/submit.js';
import type { Answer, PromotionInput } from '../../src/domain/messages.js';
import type { Action } from '../../src/domain/phase.js';
import { NAMESPACES, type Namespace } from '../../src/domain/signing.js';
import {
  statementText,
  type ControlStatement,
  type StartStatement,
  type Submission,
} from '../../src/domain/statement.js';
import { createEvidenceWiring, type Acknowledged } from '../../src/evidence-wiring.js';
import { createWiring } from '../../src/wiring.js';
import type { admission } from '../../workflows/admission.js';
import { ADMISSION, control } from '../../workflows/messages.js';
import { createSshKeys, type SshKeys } from './ssh-keys.js';
import type { Stage } from './stage.js';
import { branchTip, evidence } from './tau-controls.js';

const PURPOSES = ['start', 'decision', 'control'] as const;
type Purpose = (typeof PURPOSES)[number];

/** A line of `allowed_signers`: whose key it is, and what for. */
export interface Listed {
  readonly by: string;
  /** A key by its name; the one that is named like its holder where it is left out. */
  readonly key?: string;
  /** Everything that people sign, where it is left out. */
  readonly for?: readonly Purpose[];
  /** Further options, such as `valid-before="20200101Z"`. */
  readonly options?: string;
}

/** What makes a stage's target a protected one. */
export interface Policy {
  readonly required: number;
  readonly approvers: readonly string[];
  readonly requesters: readonly string[];
  readonly orders?: Readonly<Partial<Record<Action, readonly string[]>>>;
  readonly signers: readonly Listed[];
  /** Keys by their names. */
  readonly revoked?: readonly string[];
}

export const REQUESTER = 'requester@rehearsal';

/** How a statement gets its signature, where it is not by the key of whoever it names, for what it is. */
export interface Signing {
  /** By its name; null for no signature at all. */
  readonly key?: string | null;
  readonly namespace?: Namespace;
}

/** Real people's keys for the target of one stage, and what they say with them. */
export class Signers {
  readonly stage: Stage;
  readonly #keys: SshKeys;
  readonly #made = new Map<string, string>();

  private constructor(stage: Stage, keys: SshKeys) {
    this.stage = stage;
    this.#keys = keys;
  }

  /** Makes the stage's target a protected one. */
  static async protect(stage: Stage, policy: Policy): Promise<Signers> {
    const folder = join(stage.folder, 'keys');
    await mkdir(folder);
    const signers = new Signers(stage, createSshKeys(folder));
    await signers.write(policy);
    return signers;
  }

  /** Writes the policy into the stage's runbook, and the files of keys beside it: what a reviewed change of it is. */
  async write({ required, approvers, requesters, orders, signers, revoked }: Policy): Promise<void> {
    const { runbookFile } = this.stage.rehearsal;
    const beside = (name: string): string => join(dirname(runbookFile), name);
    await writeFile(beside('allowed_signers'), signers.map((line) => `${this.#lineOf(line)}\n`).join(''));
    const runbook = parseDocument(await readFile(runbookFile, 'utf8'));
    const set = (key: string, value: unknown): void =>
      runbook.setIn(['approval', key], runbook.createNode(value));
    set('required', required);
    set('approvers', approvers);
    set('requesters', requesters);
    set('orders', orders ?? {});
    set('protected', true);
    set('allowedSigners', 'allowed_signers');
    if (revoked !== undefined) {
      await writeFile(beside('revoked.krl'), this.#keys.revoking(...revoked.map((key) => this.key(key))));
      set('revokedKeys', 'revoked.krl');
    }
    runbook.deleteIn(['variables', 'approvers']);
    await writeFile(runbookFile, runbook.toString({ lineWidth: 110 }));
  }

  /** Another policy stands on the worker meanwhile; to the byte the former one afterwards. */
  async during(policy: Policy, work: () => Promise<void>): Promise<void> {
    const { runbookFile } = this.stage.rehearsal;
    const folder = dirname(runbookFile);
    const files = [runbookFile, join(folder, 'allowed_signers'), join(folder, 'revoked.krl')];
    const former = await Promise.all(files.map((file) => readFile(file)));
    await this.write(policy);
    await work();
    await Promise.all(former.map((bytes, index) => writeFile(files[index] ?? '', bytes)));
  }

  #lineOf({ by, key = by, for: purposes = PURPOSES, options }: Listed): string {
    const namespaces = purposes.map((purpose) => `promotion-${purpose}.v1`).join(',');
    const given = [`namespaces="${namespaces}"`, ...(options === undefined ? [] : [options])].join(',');
    return `${by} ${given} ${this.#keys.publicKey(this.key(key))}`;
  }

  /** A list that revokes these keys. */
  revoking(...keys: readonly string[]): Buffer {
    return Buffer.from(this.#keys.revoking(...keys.map((key) => this.key(key))));
  }

  /** Path of a key, which is made where there is none of that name yet. */
  key(name: string, ...args: readonly string[]): string {
    const path = this.#made.get(name) ?? this.#keys.make(name, ...args);
    this.#made.set(name, path);
    return path;
  }

  /** Signs what somebody states; by default with the key that is named like them. */
  sign({ statement }: Submission, { key, namespace }: Signing = {}): Submission {
    if (key === null) return { statement, signature: null };
    const { by, type } = signable.parse(JSON.parse(statement));
    return { statement, signature: this.#keys.sign(this.key(key ?? by), namespace ?? type, statement) };
  }

  /** A request to start, bound to what the worker says that it would be bound to. */
  async starting(over: Partial<StartStatement> = {}): Promise<StartStatement> {
    const { client, config, target, rehearsal } = this.stage;
    const asked = { target, commit: rehearsal.commit, requester: REQUESTER, reason: 'test', again: false };
    const { binds, problems } = await client.workflow.execute<typeof admission>(ADMISSION, {
      workflowId: `${ADMISSION}/${crypto.randomUUID()}`,
      taskQueue: config.taskQueue,
      args: [asked],
    });
    if (binds === null) throw new Error(problems.join('\n'));
    return { ...startOf(config, asked, binds), ...over };
  }

  /** Starts the promotion that a statement asks for. */
  async start(
    statement?: StartStatement,
    signing?: Signing,
    input: Partial<PromotionInput> = {},
  ): Promise<Submission> {
    const start = this.sign(
      { statement: statementText(statement ?? (await this.starting())), signature: null },
      signing,
    );
    await this.stage.start({ start, ...input });
    return start;
  }

  async decision(
    by: string,
    over: Record<string, string> = {},
    signing: Signing = {},
    verdict: 'approve' | 'reject' = 'approve',
  ): Promise<Submission> {
    return this.sign(await this.stage.decision(verdict, by, over), signing);
  }

  async approve(by: string, over?: Record<string, string>, signing?: Signing): Promise<Answer> {
    return this.stage.submit(await this.decision(by, over, signing));
  }

  async ordering(
    action: Action,
    by: string,
    over: Partial<ControlStatement> = {},
    signing: Signing = {},
  ): Promise<Submission> {
    return this.sign(await this.stage.ordering(action, by, over), signing);
  }

  /** Closes the evidence of the target's last run, as `promote evidence seal` does. */
  async seal(by: string): Promise<Acknowledged> {
    const { config, target } = this.stage;
    const evidence = createEvidenceWiring(config);
    const unsealed = await evidence.unsealed(target);
    if (unsealed === undefined) throw new Error('nothing is unsealed');
    const { run } = unsealed.run;
    const statement = statementText({
      v: 1,
      type: 'promotion-control.v1',
      deployment: config.deployment,
      target,
      at: new Date().toISOString(),
      by,
      run,
      action: 'acknowledge',
      head: unsealed.head,
      reason: 'test',
    });
    const current = await createWiring(config).dependencies.loadRunbook(target);
    return evidence.acknowledge(run, current, this.sign({ statement, signature: null }));
  }

  async order(
    action: Action,
    by: string,
    over?: Partial<ControlStatement>,
    signing?: Signing,
  ): Promise<Answer> {
    return this.stage.handle.executeUpdate(control, {
      args: [await this.ordering(action, by, over, signing)],
    });
  }
}

/** One of the stage's refusals, as whoever asks is answered and as it is recorded. */
export interface Refused {
  readonly by: string;
  readonly what: string;
  readonly reason: string;
}

const signable = z.object({ by: z.string(), type: z.enum(NAMESPACES) });
const entry = z.object({ kind: z.string(), body: z.looseObject({}) });

/** It is answered, it stands in the view and in the journal, and the branch is where it was. */
export async function expectRefused(stage: Stage, answer: Answer, refused: Refused): Promise<void> {
  expect(answer).toEqual({ accepted: false, reason: refused.reason });
  const seen = await stage.view();
  expect(seen.refusals.at(-1)).toEqual(refused);
  // The record is owed and not waited for.
  await vi.waitFor(async () => {
    const entries = await journalOf(stage, seen.evidence);
    expect(entries.findLast(({ kind }) => kind === 'refused')?.body).toEqual(refused);
  }, WAIT);
  expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
}

const WAIT = { timeout: 20_000, interval: 50 };

/** The entries of a run's journal, as they lie on the disk. */
export async function journalOf(stage: Stage, folder: string): Promise<readonly z.infer<typeof entry>[]> {
  const files = (await readdir(join(stage.config.evidenceDir, folder, 'journal'))).toSorted();
  return Promise.all(
    files.map(async (file) => entry.parse(await evidence(stage, folder, `journal/${file}`))),
  );
}
