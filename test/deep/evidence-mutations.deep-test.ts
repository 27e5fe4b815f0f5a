import { generateKeyPairSync, sign } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';

import { signEnvelope } from '../../src/adapters/attestation/dsse.js';
import { openKeyFile } from '../../src/adapters/attestation/key-file.js';
import { encodePublicKey, keyidOf, type SigningKey } from '../../src/adapters/attestation/signing-key.js';
import { canonicalBytes, sha256 } from '../../src/adapters/canonical.js';
import { ATTESTATIONS, MANIFEST } from '../../src/adapters/evidence/sealed-files.js';
import { createVerifier, type Verify } from '../../src/adapters/signatures/verify.js';
import { holds, verifyTarget } from '../../src/adapters/verification/chain.js';
import { verifyRun, type Trust } from '../../src/adapters/verification/verify.js';
import { FINDINGS, type FindingCode } from '../../src/domain/verification.js';
import { believed } from '../support/believed-key.js';
import { EvidenceCopy, type Told } from '../support/evidence-copy.js';
import { seeded } from '../support/seeded.js';
import { REQUESTER, Signers } from '../support/signers.js';
import { openStage, type Stage } from '../support/stage.js';

/**
 * Proves that nobody changes evidence unseen: from a real run with two signed approvals, a rollback and a run before it, each
 * finding is produced by an edit of its own, nothing edited at random passes, and what the worker's own key signed passes no
 * more where people's signatures are missing. Whoever can delete everything, anchors too, leaves nothing to find.
 */
const A = 'approver@rehearsal';
const B = 'second@rehearsal';
const POLICY = {
  required: 2,
  approvers: [A, B],
  requesters: [REQUESTER],
  signers: [{ by: REQUESTER }, { by: A }, { by: B }],
};
const SEED = Number(process.env['EVIDENCE_SEED'] ?? 20_261_126);
const RANDOM_EDITS = 2_000;

let stage: Stage;
let root: string;
let before: EvidenceCopy;
let run: EvidenceCopy;
let key: SigningKey;
let trust: Trust;
let allowedSigners: Buffer;
let revoking: (name: string) => Buffer;

beforeAll(async () => {
  stage = await openStage({ address: inject('temporalAddress'), timings: { watchWindowMs: 600_000 } });
  const signers = await Signers.protect(stage, POLICY);
  await signers.start();
  await stage.until((seen) => seen.approval !== undefined);
  await stage.submit(await signers.decision(A, {}, {}, 'reject'));
  await stage.result();
  await signers.start();
  await signers.approve(A);
  await signers.approve(B);
  await stage.until((seen) => seen.phase === 'watching');
  const { accepted, reason } = await signers.order('rollback', B);
  if (!accepted) throw new Error(`the order was refused: ${reason}`);
  const { end } = await stage.result();
  if (end !== 'rolled-back') throw new Error(`the run ended ${end}`);

  root = stage.config.evidenceDir;
  const names = (await evidenceFolders(root)).filter((name) => name.includes(`-${stage.target}-`));
  const [first = '', second = ''] = names;
  before = await EvidenceCopy.of(root, first);
  run = await EvidenceCopy.of(root, second);
  key = (await openKeyFile(stage.config.evidenceKeyFile)).key;
  allowedSigners = await readFile(join(dirname(stage.rehearsal.runbookFile), 'allowed_signers'));
  revoking = (name) => signers.revoking(name);
  trust = {
    signers: { allowedSigners, revoked: undefined },
    verify: remembering(createVerifier({ searchPath: process.env['PATH'] ?? '' })),
    keys: [believed(key, stage.config.deployment)],
    anchor: sha256(run.files.get(MANIFEST) ?? new Uint8Array()),
    anchoredAt: undefined,
  };
}, 120_000);
afterAll(() => stage.close());

/** Each finding by an edit of its own; of what it is found with, other findings are no matter. */
const EDITS: Readonly<
  Partial<Record<FindingCode, (copy: EvidenceCopy) => Partial<Trust> | void | Promise<void>>>
> = {
  run_unsealed: (copy) => copy.remove(MANIFEST),
  manifest_malformed: (copy) => copy.edit(MANIFEST, (text) => text.slice(0, -1)),
  manifest_not_canonical: (copy) => copy.edit(MANIFEST, (text) => `${text} `),
  manifest_other_run: (copy) => copy.write('run.json', before.text('run.json')),
  attestation_missing: (copy) => copy.remove(ATTESTATIONS),
  attestation_malformed: (copy) => copy.edit(ATTESTATIONS, (text) => `${text}\n`),
  attestation_wrong_type: async (copy) => {
    const statement = { ...firstStatement(copy), predicateType: 'https://example.org/other/v1' };
    copy.write(ATTESTATIONS, `${await envelope(statement, key)}\n`);
  },
  signer_unknown: async (copy) => copy.reseal(stranger()),
  signer_outside_validity: () => ({
    keys: [{ ...believed(key, stage.config.deployment), notAfter: '2026-01-02T00:00:00.000Z' }],
  }),
  attestation_signature_invalid: (copy) =>
    copy.edit(ATTESTATIONS, (text) =>
      text.replace(/"sig":"(.)/, (_, first: string) => `"sig":"${first === 'A' ? 'B' : 'A'}`),
    ),
  attestation_subject_mismatch: (copy) => copy.write(ATTESTATIONS, before.text(ATTESTATIONS)),
  file_not_regular: (copy) => void copy.irregular.add('report.md'),
  file_missing: (copy) => copy.remove('report.md'),
  file_changed: (copy) => copy.edit('report.md', (text) => text.replace('rolled', 'rulled')),
  file_extra: (copy) => copy.write('validation-1/more.txt', 'more'),
  journal_torn: (copy) => copy.edit('journal.jsonl', (text) => text.slice(0, -1)),
  journal_malformed: (copy) => onLines(copy, (lines) => lines.with(2, '{}')),
  journal_not_canonical: (copy) => onLines(copy, (lines) => lines.with(2, `${lines[2] ?? ''} `)),
  journal_other_run: (copy) =>
    onLines(copy, (lines) => lines.with(2, before.text('journal.jsonl').split('\n')[2] ?? '')),
  journal_gap: (copy) => onLines(copy, (lines) => lines.toSpliced(2, 1)),
  journal_chain_broken: (copy) =>
    onLines(copy, (lines) => lines.with(2, lines[3] ?? '').with(3, lines[2] ?? '')),
  journal_head_mismatch: (copy) => onLines(copy, (lines) => [...lines, lines.at(-1) ?? '']),
  journal_fork: (copy) => copy.json('journal/00000003.json', (entry) => (entry['kind'] = 'other')),
  journal_truncated: (copy) => onLines(copy, (lines) => lines.slice(0, -2)),
  anchor_mismatch: () => ({ anchor: `sha256:${'0'.repeat(64)}` }),
  anchor_absent: () => ({ anchor: undefined }),
  subject_evidence_mismatch: (copy) =>
    copy.json('approval-1/subject.json', (subject) => (subject['commit'] = 'b'.repeat(40))),
  decision_subject_mismatch: (copy) =>
    copy.json('approval-1/subject.json', (subject) => (subject['expires'] = '2099-01-01T00:00:00.000Z')),
  decision_replayed: (copy) => {
    for (const path of copy.matching(DECISION)) copy.remove(path);
    for (const path of before.matching(DECISION)) copy.write(path, before.text(path));
  },
  decision_after_deadline: (copy) => {
    for (const path of copy.matching(RECEIPT))
      copy.json(path, (receipt) => (receipt['receivedAt'] = '2099-01-01T00:00:00.000Z'));
  },
  decision_signature_invalid: (copy) => {
    const [one = '', other = ''] = copy.matching(/decision-[0-9a-f]{16}\.sig$/);
    copy.write(one, copy.text(other));
  },
  approver_not_allowed_at_time: () => ({
    signers: { allowedSigners: linesOf((line) => !line.startsWith(B)), revoked: undefined },
  }),
  approver_key_revoked: () => ({ signers: { allowedSigners, revoked: revoking(B) } }),
  requester_voted: () => ({
    signers: {
      allowedSigners: Buffer.concat([allowedSigners, linesOf((line) => line.startsWith(A), A, REQUESTER)]),
      revoked: undefined,
    },
  }),
  quorum_not_met: async (copy) => {
    const [base = ''] = copy.matching(RECEIPT).map((path) => path.replace(/\.json$/, ''));
    copy.remove(`${base}.json`, `${base}.sig`, `${base}.statement.json`);
    await copy.reseal(key);
  },
  verdict_differs: async (copy) => {
    copy.json('validation-1/gateway-status.outcome.json', (outcome) => (outcome['health'] = 'degraded'));
    await copy.reseal(key);
  },
  redaction_count_mismatch: async (copy) => {
    copy.edit('validation-1/gateway-status.outcome.json', (text) =>
      text.replace('"presentBefore":{}', '"presentBefore":{"token":1}'),
    );
    await copy.reseal(key);
  },
};
const OF_THE_CHAIN: readonly FindingCode[] = ['previous_run_missing', 'previous_run_mismatch'];
const DECISION = /^approval-1\/decision-/;
const RECEIPT = /^approval-1\/decision-[0-9a-f]{16}\.json$/;

describe('a run of two approvals and a rollback', () => {
  test('holds as it is, and so does the one before it', async () => {
    expect((await verifyRun(run.asFiles, trust)).findings).toEqual([]);
    const anchor = sha256(before.files.get(MANIFEST) ?? new Uint8Array());
    expect((await verifyRun(before.asFiles, { ...trust, anchor })).findings).toEqual([]);
  });

  test('has an edit for every finding', () => {
    expect([...Object.keys(EDITS), ...OF_THE_CHAIN].sort()).toEqual([...FINDINGS].sort());
  });

  test.each(FINDINGS.filter((code) => EDITS[code] !== undefined))('tells %s', async (code) => {
    const copy = run.copy();
    const changed = (await EDITS[code]?.(copy)) ?? {};
    const { findings } = await verifyRun(copy.asFiles, { ...trust, ...changed });
    expect(findings.map((finding) => finding.code)).toContain(code);
    expect(holds(findings)).toBe(code === 'anchor_absent');
  });

  test('fails, and is looked at to its end, where a file has no canonical form', async () => {
    const copy = run.copy();
    copy.edit('approval-1/subject.json', (text) =>
      text.replace('"validation-', String.raw`"\ud800validation-`),
    );
    const { findings } = await verifyRun(copy.asFiles, trust);
    expect(findings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['file_changed', 'verdict_differs']),
    );
  });

  test('fails where the worker’s key signs what no quorum stands behind', async () => {
    const copy = run.copy();
    await copy.reseal(key);
    const anchor = sha256(copy.files.get(MANIFEST) ?? new Uint8Array());
    // What it signs again is what it signed.
    expect((await verifyRun(copy.asFiles, { ...trust, anchor })).findings).toEqual([]);
    for (const path of copy.matching(DECISION)) copy.remove(path);
    await copy.reseal(key);
    const { findings } = await verifyRun(copy.asFiles, trust);
    expect(findings.map(({ code }) => code)).toContain('quorum_not_met');
  });
});

const without = (kind: string) => (entries: readonly Told[]) =>
  entries.filter((entry) => entry.kind !== kind);
const telling = (kind: string, body: Told['body']) => (entries: readonly Told[]) =>
  entries.map((entry) => (entry.kind === kind ? { ...entry, body: { ...entry.body, ...body } } : entry));

describe('a journal that the worker’s key signs', () => {
  test.each<{
    lie: string;
    retold: (entries: readonly Told[]) => readonly Told[];
    end?: string;
    found: string;
  }>([
    { lie: 'without the approval', retold: without('approved'), found: 'nobody is told to have approved' },
    {
      lie: 'without a preflight',
      retold: without('preflight-closed'),
      found: 'asked no gate between approval and promotion',
    },
    {
      lie: 'of a round of no gates',
      retold: telling('round-closed', { gates: [] }),
      found: 'did not pass in its last round',
    },
    {
      lie: 'of a preflight of no gates',
      retold: telling('preflight-closed', { gates: [] }),
      found: 'did not pass in its last preflight',
    },
    {
      lie: 'without a way back',
      retold: telling('preflight-closed', { notRollbackable: ['nothing to revert'] }),
      found: 'without a way back: nothing to revert',
    },
    { lie: 'of another end', retold: telling('run.ended', { end: 'stopped' }), found: 'it ended stopped' },
    { lie: 'of no end', retold: without('run.ended'), end: 'promoted', found: 'it never ended' },
    { lie: 'of no step', retold: without('step-promoted'), end: 'promoted', found: 'was never promoted' },
    {
      lie: 'of a watch that was not over',
      retold: telling('run.ended', { end: 'promoted' }),
      end: 'promoted',
      found: 'its watch comes to go-on',
    },
    {
      lie: 'of a promotion that nobody acknowledged to be sealed with warnings',
      retold: telling('run.ended', { end: 'promoted' }),
      end: 'promoted-with-warnings',
      found: 'nobody acknowledged that it is sealed as promoted-with-warnings',
    },
    {
      lie: 'of an acknowledgement from before its end',
      retold: (entries) =>
        telling('order-accepted', { action: 'acknowledge' })(
          telling('run.ended', { end: 'promoted' })(entries),
        ),
      end: 'promoted-with-warnings',
      found: 'nobody acknowledged that it is sealed as promoted-with-warnings',
    },
    {
      lie: 'of a watch that was not over, with an acknowledgement',
      retold: (entries) => [
        ...telling('run.ended', { end: 'promoted' })(entries),
        ...telling('order-accepted', { action: 'acknowledge' })(
          entries.filter(({ kind }) => kind === 'order-accepted'),
        ),
      ],
      end: 'promoted-with-warnings',
      found: 'its watch comes to go-on',
    },
    {
      lie: 'of an order to do something else',
      retold: telling('order-accepted', { action: 'abort' }),
      found: 'it orders something else than is told',
    },
    {
      lie: 'of an order by somebody else',
      retold: telling('order-accepted', { by: A }),
      found: 'it orders something else than is told',
    },
    {
      lie: 'of votes that came when it had promoted',
      retold: (entries) => [
        ...without('decision-accepted')(entries),
        ...entries.filter(({ kind }) => kind === 'decision-accepted'),
      ],
      found: 'it promoted, and its decisions come to open',
    },
    {
      lie: 'of another question',
      retold: telling('approval-requested', { subject: `sha256:${'0'.repeat(64)}` }),
      found: 'people were asked about another subject',
    },
  ])('and that is a lie $lie is found', async ({ retold, end, found }) => {
    const copy = run.copy();
    copy.retell(retold);
    if (end !== undefined) copy.json(MANIFEST, (manifest) => (manifest['end'] = end));
    await copy.reseal(key);
    const { findings } = await verifyRun(copy.asFiles, trust);
    expect(findings.map(({ detail }) => detail).join('\n')).toContain(found);
  });

  test('and that tells the same is the same', async () => {
    const copy = run.copy();
    copy.retell((entries) => entries);
    expect(isSame(copy)).toBe(true);
  });
});

describe('a byte of the attestations', () => {
  test('that is changed, taken out or put in is found, wherever it is', async () => {
    const bytes = run.files.get(ATTESTATIONS) ?? Buffer.alloc(0);
    const random = seeded(SEED);
    const missed: string[] = [];
    for (let at = 0; at < bytes.byteLength; at += 1 + random.below(24)) {
      const edits = [
        Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from([(bytes[at] ?? 0) ^ (1 << random.below(8))]),
          bytes.subarray(at + 1),
        ]),
        Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
        Buffer.concat([bytes.subarray(0, at), Buffer.from(' '), bytes.subarray(at)]),
      ];
      for (const [kind, edited] of edits.entries()) {
        const copy = run.copy();
        copy.files.set(ATTESTATIONS, edited);
        if (holds((await verifyRun(copy.asFiles, trust)).findings)) missed.push(`${at}/${kind}`);
      }
    }
    expect(missed).toEqual([]);
  });
});

describe('what was edited at random', () => {
  test(`is found, each of ${RANDOM_EDITS} times`, async () => {
    const random = seeded(SEED);
    const passed: string[] = [];
    for (let index = 0; index < RANDOM_EDITS; index += 1) {
      const copy = run.copy();
      const what = editAtRandom(copy, random);
      if (isSame(copy)) continue;
      if (holds((await verifyRun(copy.asFiles, trust)).findings)) passed.push(`${index}: ${what}`);
    }
    expect(passed, `seed ${SEED}`).toEqual([]);
  });
});

describe('a target’s runs', () => {
  test('hold as one chain, and one that is taken out or exchanged is named', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'promote-chain-'));
    try {
      const chain = async (): Promise<readonly FindingCode[]> => {
        const folders = (await evidenceFolders(scratch)).filter((name) => name.includes(`-${stage.target}-`));
        const verified = await verifyTarget(scratch, stage.target, folders, trust, trust.anchor);
        return [...verified.findings, ...verified.runs.flatMap(({ findings }) => findings)].map(
          ({ code }) => code,
        );
      };
      expect(await chain()).toEqual(['anchor_mismatch', 'previous_run_missing']);
      await cp(root, scratch, { recursive: true });
      // As a process that was killed leaves it.
      await writeFile(join(scratch, run.name, '.tmp-1234-0123456789abcdef'), 'half');
      expect(await chain()).toEqual([]);
      await truncate(join(scratch, run.name, 'report.md'), 257 * 1024 * 1024);
      expect(await chain()).toEqual(['file_changed']);
      await cp(join(root, run.name, 'report.md'), join(scratch, run.name, 'report.md'));
      const manifest = join(scratch, before.name, MANIFEST);
      const bytes = await readFile(manifest);
      await writeFile(manifest, bytes.toString('utf8').replace('"rejected"', '"aborted"'));
      expect(await chain()).toContain('previous_run_mismatch');
      await rm(join(scratch, before.name), { recursive: true });
      expect(await chain()).toContain('previous_run_missing');
      await cp(join(root, before.name), join(scratch, before.name), { recursive: true });
      await rm(join(scratch, run.name), { recursive: true });
      expect(await chain()).toContain('previous_run_missing');
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
});

type Random = ReturnType<typeof seeded>;

function editAtRandom(copy: EvidenceCopy, random: Random): string {
  const [first = '', ...others] = [...copy.files.keys()];
  const path = random.one([first, ...others]);
  const bytes = copy.files.get(path) ?? Buffer.alloc(0);
  const at = random.below(Math.max(1, bytes.byteLength));
  const kind = random.one([
    'flip',
    'cut',
    'drop',
    'insert',
    'drop-line',
    'swap-lines',
    'remove',
    'add',
    'exchange',
    'other-run',
  ]);
  const set = (edited: Buffer): void => void copy.files.set(path, edited);
  switch (kind) {
    case 'flip':
      set(
        Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from([(bytes[at] ?? 0) ^ (1 << random.below(8))]),
          bytes.subarray(at + 1),
        ]),
      );
      break;
    case 'cut':
      set(bytes.subarray(0, at));
      break;
    case 'drop':
      set(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]));
      break;
    case 'insert':
      set(Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at)]));
      break;
    case 'drop-line':
    case 'swap-lines': {
      const lines = copy.text('journal.jsonl').split('\n');
      const line = random.below(lines.length - 1);
      const other = random.below(lines.length - 1);
      copy.write(
        'journal.jsonl',
        (kind === 'drop-line'
          ? lines.toSpliced(line, 1)
          : lines.with(line, lines[other] ?? '').with(other, lines[line] ?? '')
        ).join('\n'),
      );
      break;
    }
    case 'remove':
      copy.remove(path);
      break;
    case 'add':
      copy.write(`${path}.${random.below(1_000)}`, 'added');
      break;
    case 'exchange': {
      const other = random.one([first, ...others]);
      set(copy.files.get(other) ?? Buffer.alloc(0));
      copy.files.set(other, bytes);
      break;
    }
    case 'other-run':
      set(before.files.get(path) ?? Buffer.from('of no other run'));
      break;
    default:
      kind satisfies never;
  }
  return `${kind} ${path} at ${at}`;
}

function isSame(copy: EvidenceCopy): boolean {
  if (copy.files.size !== run.files.size) return false;
  return [...copy.files].every(([path, bytes]) => run.files.get(path)?.equals(bytes) === true);
}

function onLines(copy: EvidenceCopy, change: (lines: string[]) => readonly string[]): void {
  copy.edit('journal.jsonl', (text) => `${change(text.split('\n').slice(0, -1)).join('\n')}\n`);
}

function linesOf(keep: (line: string) => boolean, from = '', to = ''): Buffer {
  const lines = allowedSigners
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '' && keep(line));
  return Buffer.from(lines.map((line) => `${line.replace(from, to)}\n`).join(''));
}

function firstStatement(copy: EvidenceCopy): Record<string, unknown> {
  const [line = ''] = copy.text(ATTESTATIONS).split('\n');
  const { payload } = z.looseObject({ payload: z.string() }).parse(JSON.parse(line));
  return z.record(z.string(), z.unknown()).parse(JSON.parse(Buffer.from(payload, 'base64').toString('utf8')));
}

async function envelope(statement: Record<string, unknown>, by: SigningKey): Promise<string> {
  return Buffer.from(await signEnvelope(canonicalBytes(statement), by)).toString('utf8');
}

function stranger(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    keyid: keyidOf(publicKey),
    publicKey: encodePublicKey(publicKey),
    sign: (bytes) => Promise.resolve(sign(null, bytes, privateKey)),
  };
}

/** The same question has the same answer: most edits touch no signature, and ssh-keygen need not be asked again. */
function remembering(verify: Verify): Verify {
  const answers = new Map<string, ReturnType<Verify>>();
  return (policy, signed) => {
    const { allowedSigners: listed, revoked } = policy;
    const question = JSON.stringify([sha256(listed), revoked === undefined ? null : sha256(revoked), signed]);
    const answer = answers.get(question) ?? verify(policy, signed);
    answers.set(question, answer);
    return answer;
  };
}

async function evidenceFolders(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).sort();
}
