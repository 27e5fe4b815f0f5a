// Proves whose signed decision is kept and counts, where the policy lists keys: on real files and with real keys, as the
// activity that promotes asks it. Unsigned decisions, and what is approved: ballots.test.ts.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';

import {
  readBallot,
  recordDecision,
  refuseByPeople,
  requestApproval,
} from '../../../src/adapters/evidence/ballots.js';
import { keepRunbook } from '../../../src/adapters/evidence/opening.js';
import { keepStart } from '../../../src/adapters/evidence/start.js';
import { loadRunbook, type LoadedRunbook } from '../../../src/adapters/runbook/load.js';
import { createVerifier } from '../../../src/adapters/signatures/verify.js';
import { statementText, type DecisionStatement, type Submission } from '../../../src/domain/statement.js';
import { createSshKeys, type SshKeys } from '../../support/ssh-keys.js';
import {
  APPROVER_A,
  APPROVER_B,
  REQUESTER,
  scratchFolder,
  smallRunbook,
  sourcesOf,
  type Written,
} from '../runbook/written-runbook.js';
import { codeOf, HOUR_MS, OPENED_AT, OPENED_MS, openRun, RUN, type OpenedRun } from './opened-run.js';

const verify = createVerifier({ searchPath: process.env['PATH'] ?? '' });
const TWIN = 'twin@example.org';
const ALIAS = 'alias@example.org';
const HEAD = { seq: 1, digest: `sha256:${'3'.repeat(64)}` } as const;

let keys: SshKeys;
const made = new Map<string, string>();
beforeAll(() => {
  keys = createSshKeys();
});
afterAll(() => keys.remove());

function key(name: string): string {
  const path = made.get(name) ?? keys.make(name);
  made.set(name, path);
  return path;
}

/** The key with a certificate of an authority for these names; signs as `NAME-cert.pub`. */
function certified(name: string, authority: string, ...names: readonly string[]): string {
  keys.keygen('-q', '-s', key(authority), '-I', name, '-n', names.join(','), `${key(name)}.pub`);
  const certificate = `${name}-cert.pub`;
  made.set(certificate, `${key(name)}-cert.pub`);
  return certificate;
}

type Line = readonly [by: string, key: string, options?: string];
const LINES: readonly Line[] = [
  [REQUESTER, 'requester'],
  [ALIAS, 'requester'],
  [APPROVER_A, 'a'],
  [APPROVER_A, 'a-other'],
  [TWIN, 'a'],
  [APPROVER_B, 'b'],
];

/** What a policy is, beside what it is in most of these tests. */
interface Policy {
  readonly lines?: readonly Line[];
  readonly revoked?: readonly string[];
  readonly approval?: Written;
}

/** A protected runbook in a file, with the files of keys beside it. */
async function loadProtected({ lines = LINES, revoked, approval }: Policy = {}): Promise<LoadedRunbook> {
  const folder = await scratchFolder();
  const file = join(folder, 'runbook.yaml');
  const purposes = 'namespaces="promotion-start.v1,promotion-decision.v1"';
  const listed = lines.map(([by, name, options]) => {
    const given = options === undefined ? purposes : `${purposes},${options}`;
    return `${by} ${given} ${keys.publicKey(key(name))}\n`;
  });
  await writeFile(join(folder, 'allowed_signers'), listed.join(''));
  if (revoked !== undefined)
    await writeFile(join(folder, 'revoked.krl'), keys.revoking(...revoked.map((name) => key(name))));
  const runbook = smallRunbook({
    approval: {
      required: 2,
      approvers: [APPROVER_A, APPROVER_B, TWIN, ALIAS, REQUESTER],
      requesters: [REQUESTER],
      protected: true,
      allowedSigners: 'allowed_signers',
      ...(revoked === undefined ? {} : { revokedKeys: 'revoked.krl' }),
      ...approval,
    },
  });
  await writeFile(file, stringify(runbook, { aliasDuplicateObjects: false }));
  return loadRunbook(file, sourcesOf({}), 'all', '/');
}

/** A protected run with its signed request to start, one request for approval, and votes on it. */
class SignedPoll {
  readonly opened: OpenedRun;
  readonly #asked: { readonly digest: string; readonly request: string };

  private constructor(opened: OpenedRun, asked: { readonly digest: string; readonly request: string }) {
    this.opened = opened;
    this.#asked = asked;
  }

  static async open(policy?: Policy, startKey: string | null = 'requester'): Promise<SignedPoll> {
    const loaded = await loadProtected(policy);
    const opened = await openRun({ loaded });
    const { evidence, store, folder, record } = opened;
    await keepRunbook(store, folder, loaded);
    const statement = statementText({
      v: 1,
      type: 'promotion-start.v1',
      deployment: record.deployment,
      target: record.target,
      at: OPENED_AT,
      by: REQUESTER,
      commit: record.commit,
      runbook: loaded.digest,
      reason: record.reason,
      previous: null,
      nonce: '0'.repeat(32),
    });
    if (startKey !== null) {
      const submission = {
        statement,
        signature: keys.sign(key(startKey), 'promotion-start.v1', statement),
      };
      const kept = {
        submission,
        receivedAt: OPENED_MS,
        identity: 'signed',
        key: keys.fingerprint(key(startKey).replace('-cert.pub', '')),
      } as const;
      await keepStart(evidence, { target: 't', folder, run: RUN, openedAt: OPENED_AT }, kept);
    }
    const ask = {
      run: RUN,
      epoch: 1,
      round: 'validation-1',
      head: HEAD,
      expiresAt: OPENED_MS + 4 * HOUR_MS,
    };
    return new SignedPoll(opened, await requestApproval(evidence, ask));
  }

  signed(by: string, name: string | null, over: Partial<DecisionStatement> = {}): Submission {
    const statement = statementText({
      v: 1,
      type: 'promotion-decision.v1',
      deployment: 'd',
      target: 't',
      at: OPENED_AT,
      by,
      run: RUN,
      subject: this.#asked.digest,
      request: this.#asked.request,
      verdict: 'approve',
      comment: '',
      ...over,
    });
    const signature = name === null ? null : keys.sign(key(name), 'promotion-decision.v1', statement);
    return { statement, signature };
  }

  async record(submission: Submission, current = this.opened.loaded) {
    const decision = { run: RUN, epoch: 1, submission };
    return recordDecision(this.opened.evidence, verify, current, decision, OPENED_MS);
  }

  async refusal(by: string, name: string | null, over?: Partial<DecisionStatement>) {
    const { refusal, file } = await this.record(this.signed(by, name, over));
    if (refusal !== undefined && file !== '') throw new Error(`refused, but kept as ${file}`);
    return refusal;
  }

  /** Why the stored votes let nobody promote, under the given policy. */
  async stands(current = this.opened.loaded): Promise<string | undefined> {
    return refuseByPeople(this.opened.evidence, verify, RUN, current, undefined);
  }

  /** As if the given policy had been the run's own all along, digests and all, and only its keys differed. */
  under(other: LoadedRunbook): LoadedRunbook {
    return { ...this.opened.loaded, signers: other.signers };
  }

  async votes(): Promise<readonly string[]> {
    return ((await readBallot(this.opened.evidence, RUN, 1))?.votes ?? []).map(({ by }) => by);
  }
}

describe('a signed decision', () => {
  test('is kept with its signature, and with the key that made it', async () => {
    const poll = await SignedPoll.open();
    const submission = poll.signed(APPROVER_A, 'a');
    const fingerprint = keys.fingerprint(key('a'));
    expect(await poll.record(submission)).toMatchObject({
      refusal: undefined,
      identity: 'signed',
      key: fingerprint,
    });
    const ballot = await readBallot(poll.opened.evidence, RUN, 1);
    expect(ballot?.votes).toMatchObject([{ submission, identity: 'signed', key: fingerprint }]);
  });

  test('that comes again, without its signature too, is the one that is there', async () => {
    const poll = await SignedPoll.open();
    const submission = poll.signed(APPROVER_A, 'a');
    const first = await poll.record(submission);
    expect(await poll.record({ ...submission, signature: null })).toEqual(first);
    expect(await poll.votes()).toEqual([APPROVER_A]);
  });

  test.each<{ what: string; by: string; name: string | null; refusal: string }>([
    { what: 'without a signature', by: APPROVER_A, name: null, refusal: 'signature_missing' },
    { what: 'by an unlisted key', by: APPROVER_A, name: 'stranger', refusal: 'key_unlisted' },
    { what: 'by another’s key', by: APPROVER_A, name: 'b', refusal: 'key_of_another_name' },
    { what: 'of the requester', by: REQUESTER, name: 'requester', refusal: 'requester_voted' },
    {
      what: 'of the requester under another name',
      by: ALIAS,
      name: 'requester',
      refusal: 'requester_voted',
    },
  ])('$what is refused and leaves nothing', async ({ by, name, refusal }) => {
    const poll = await SignedPoll.open();
    expect(await poll.refusal(by, name)).toBe(refusal);
    expect(await poll.votes()).toEqual([]);
  });

  test('of one whose key is the requester’s by another one of theirs is refused', async () => {
    const poll = await SignedPoll.open({
      lines: [...LINES, [ALIAS, 'alias-own'], [TWIN, 'alias-own']],
    });
    expect(await poll.refusal(APPROVER_A, 'a')).toBe('requester_voted');
    expect(await poll.refusal(APPROVER_B, 'b')).toBeUndefined();
  });

  test.each<{ what: string; by: string; name: string; over: Partial<DecisionStatement>; refusal?: string }>([
    { what: 'a second name', by: TWIN, name: 'a', over: {}, refusal: 'same_voter' },
    {
      what: 'a second key that says otherwise',
      by: APPROVER_A,
      name: 'a-other',
      over: { verdict: 'reject' },
      refusal: 'already_voted',
    },
    {
      what: 'a second key that says the same, which is told that it stands',
      by: APPROVER_A,
      name: 'a-other',
      over: {},
    },
    {
      what: 'a key of somebody else',
      by: APPROVER_A,
      name: 'b',
      over: {},
      refusal: 'key_of_another_name',
    },
  ])('of somebody who has voted, by $what, is no second vote', async ({ by, name, over, refusal }) => {
    const poll = await SignedPoll.open();
    expect(await poll.refusal(APPROVER_A, 'a')).toBeUndefined();
    expect(await poll.refusal(by, name, { comment: 'again', ...over })).toBe(refusal);
    expect(await poll.votes()).toEqual([APPROVER_A]);
  });

  test.each<{ what: string; policy: Policy }>([
    { what: 'lists a key more', policy: { lines: [...LINES, [APPROVER_B, 'b-other']] } },
    { what: 'lists a key less', policy: { lines: LINES.filter(([, name]) => name !== 'a-other') } },
    { what: 'revokes a key', policy: { revoked: ['a-other'] } },
  ])('is refused where the policy now $what', async ({ policy }) => {
    const poll = await SignedPoll.open();
    const { refusal } = await poll.record(poll.signed(APPROVER_A, 'a'), await loadProtected(policy));
    expect(refusal).toBe('policy_changed');
  });
});

describe('where an authority certifies keys', () => {
  const CERTIFIED: Policy = {
    lines: [
      [REQUESTER, 'requester'],
      ['*@example.org', 'authority', 'cert-authority'],
    ],
  };

  test('one key that it certified for two names is one voter', async () => {
    const poll = await SignedPoll.open(CERTIFIED);
    const shared = certified('shared', 'authority', APPROVER_A, APPROVER_B);
    expect(await poll.refusal(APPROVER_A, shared)).toBeUndefined();
    expect(await poll.refusal(APPROVER_B, shared)).toBe('same_voter');
    expect(await poll.refusal(APPROVER_B, certified('own', 'authority', APPROVER_B))).toBeUndefined();
    expect(await poll.stands()).toBeUndefined();
  });

  test('the requester’s own key that it certified for another name is the requester’s', async () => {
    const start = certified('shared', 'authority', REQUESTER, APPROVER_A);
    const poll = await SignedPoll.open({ lines: CERTIFIED.lines?.slice(1) ?? [] }, start);
    expect(await poll.refusal(APPROVER_A, start)).toBe('requester_voted');
    expect(await poll.refusal(APPROVER_B, certified('own', 'authority', APPROVER_B))).toBeUndefined();
  });
});

describe('the quorum', () => {
  test('of two signed votes stands', async () => {
    const poll = await SignedPoll.open();
    await poll.record(poll.signed(APPROVER_A, 'a'));
    expect(await poll.stands()).toBe('quorum_not_met');
    await poll.record(poll.signed(APPROVER_B, 'b'));
    expect(await poll.stands()).toBeUndefined();
  });

  test('falls with the policy’s files, whatever changed in them', async () => {
    const poll = await SignedPoll.open();
    for (const [by, name] of [
      [APPROVER_A, 'a'],
      [APPROVER_B, 'b'],
    ] as const)
      await poll.record(poll.signed(by, name));
    expect(await poll.stands(await loadProtected({ revoked: ['stranger'] }))).toBe('quorum_not_met');
    expect(await poll.stands(await loadProtected({ lines: LINES.slice(0, -1) }))).toBe('quorum_not_met');
    expect(await poll.stands(await loadProtected())).toBeUndefined();
  });

  test.each<{ what: string; policy: Policy }>([
    { what: 'revoked', policy: { revoked: ['b'] } },
    { what: 'unlisted', policy: { lines: LINES.slice(0, -1) } },
    {
      what: 'over',
      policy: { lines: [...LINES.slice(0, -1), [APPROVER_B, 'b', 'valid-before="20260101Z"']] },
    },
  ])('counts each signature anew: not one whose key is $what', async ({ policy }) => {
    const poll = await SignedPoll.open();
    await poll.record(poll.signed(APPROVER_A, 'a'));
    await poll.record(poll.signed(APPROVER_B, 'b'));
    expect(await poll.stands()).toBeUndefined();
    expect(await poll.stands(poll.under(await loadProtected(policy)))).toBe('quorum_not_met');
  });

  test('takes two names with one key for one voter, also where both their votes are stored', async () => {
    const apart: Policy = {
      lines: LINES.map(([by, name]): Line => [by, by === TWIN ? 'twin' : name]),
    };
    const poll = await SignedPoll.open(apart);
    await poll.record(poll.signed(APPROVER_A, 'a'));
    await poll.record(poll.signed(TWIN, 'twin'));
    expect(await poll.stands()).toBeUndefined();
    const joined = await loadProtected({ lines: [...(apart.lines ?? []), [APPROVER_A, 'twin']] });
    expect(await poll.stands(poll.under(joined))).toBe('quorum_not_met');
  });

  test('has no vote of the requester’s own people, also where it is stored', async () => {
    const apart: Policy = {
      lines: LINES.map(([by, name]): Line => [by, by === ALIAS ? 'alias' : name]),
    };
    const poll = await SignedPoll.open(apart);
    await poll.record(poll.signed(ALIAS, 'alias'));
    await poll.record(poll.signed(APPROVER_B, 'b'));
    expect(await poll.stands()).toBeUndefined();
    const joined = await loadProtected({ lines: [...(apart.lines ?? []), [REQUESTER, 'alias']] });
    expect(await poll.stands(poll.under(joined))).toBe('quorum_not_met');
  });

  test('can’t be told where a signature on the disk is not the one that was kept', async () => {
    const poll = await SignedPoll.open();
    const { file } = await poll.record(poll.signed(APPROVER_A, 'a'));
    await poll.record(poll.signed(APPROVER_B, 'b'));
    const { signature } = poll.signed(APPROVER_A, 'stranger');
    await writeFile(join(poll.opened.path, file.replace('.json', '.sig')), signature ?? '');
    expect(await codeOf(poll.stands())).toBe('conflict');
  });

  test('does not count a vote that somebody wrote onto the disk, receipt and all, with a key of nobody', async () => {
    const poll = await SignedPoll.open({ approval: { required: 1 } });
    const other = await SignedPoll.open({
      approval: { required: 1 },
      lines: LINES.map(([by, name]): Line => [by, name === 'b' ? 'stranger' : name]),
    });
    const submission = poll.signed(APPROVER_B, 'stranger');
    // Recorded by a worker that lists that key.
    await recordDecision(
      poll.opened.evidence,
      verify,
      poll.under(other.opened.loaded),
      { run: RUN, epoch: 1, submission },
      OPENED_MS,
    );
    expect(await poll.votes()).toEqual([APPROVER_B]);
    expect(await poll.stands()).toBe('quorum_not_met');
  });

  test('falls by a reject also where its signature proves nothing any more', async () => {
    const poll = await SignedPoll.open({ approval: { required: 1 } });
    await poll.record(poll.signed(APPROVER_A, 'a'));
    expect(await poll.stands()).toBeUndefined();
    await poll.record(poll.signed(APPROVER_B, 'b', { verdict: 'reject' }));
    const without = poll.under(await loadProtected({ approval: { required: 1 }, revoked: ['b'] }));
    expect(await poll.stands(without)).toBe('quorum_not_met');
  });

  test.each<{ what: string; startKey: string | null }>([
    { what: 'there is none', startKey: null },
    { what: 'another signed it', startKey: 'a' },
  ])('is not enough without the requester’s own request to start: $what', async ({ startKey }) => {
    const poll = await SignedPoll.open({}, startKey);
    await poll.record(poll.signed(APPROVER_A, 'a'));
    await poll.record(poll.signed(APPROVER_B, 'b'));
    expect(await poll.stands()).toBe('requester_not_proven');
  });

  test('is not enough where the requester’s key has been revoked since', async () => {
    const poll = await SignedPoll.open();
    await poll.record(poll.signed(APPROVER_A, 'a'));
    await poll.record(poll.signed(APPROVER_B, 'b'));
    const revoked = poll.under(await loadProtected({ revoked: ['requester'] }));
    expect(await poll.stands(revoked)).toBe('requester_not_proven');
  });
});
