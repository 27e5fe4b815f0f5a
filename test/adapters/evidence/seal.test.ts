// Proves what sealing a run leaves: a manifest of every file, an assembled journal whose chain was checked, and a report
// that shows text from outside as text. Statements over the manifest are not part of it.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { canonicalBytes, parseCanonical, sha256 } from '../../../src/adapters/canonical.js';
import { AttestationError, type AttestationErrorCode } from '../../../src/adapters/attestation/error.js';
import {
  appendEntry,
  entryPath,
  type JournalEntry,
  type JournalHead,
} from '../../../src/adapters/evidence/journal.js';
import { readReport, type Report } from '../../../src/adapters/evidence/report-model.js';
import { renderReport } from '../../../src/adapters/evidence/report.js';
import { RunEvidence } from '../../../src/adapters/evidence/run-evidence.js';
import { endOf } from '../../../src/adapters/evidence/past-runs.js';
import { finishSeal, sealRun, type SealRequest } from '../../../src/adapters/evidence/seal.js';
import type { EvidenceStore } from '../../../src/adapters/evidence/store.js';
import { manifestSchema as wholeManifestSchema, type Manifest } from '../../../src/contracts/manifest.js';
import { statementText } from '../../../src/domain/statement.js';
import { load, smallRunbook } from '../runbook/written-runbook.js';
import { openToldRun } from './told-run.js';
import {
  codeOf,
  failingOnce,
  OPENED_MS,
  openRun,
  RUN,
  type Opening,
  type OpenedRun,
  testKey,
} from './opened-run.js';

const ENTRIES = [
  { kind: 'run.opened', body: { target: 't' } },
  {
    kind: 'decision.recorded',
    body: { by: 'approver-a@example.org', comment: '<img src=x onerror=alert(1)>' },
  },
  { kind: 'run.ended', body: { end: 'promoted' } },
];

async function openJournalled(opening: Opening = {}): Promise<OpenedRun & { readonly head: JournalHead }> {
  const opened = await openRun(opening);
  let head: JournalHead = { seq: 0, digest: '' };
  for (const [n, entry] of ENTRIES.entries())
    head = await appendEntry(opened.evidence, { run: RUN, head, at: OPENED_MS + n, ...entry });
  await opened.store.put(opened.folder, 'validation-1/gateway-status.json', Buffer.from('{"a":1}'));
  return { ...opened, head };
}

const seal = (
  { evidence, head }: { evidence: RunEvidence; head: JournalHead },
  end = 'promoted',
  reason = 'watched',
) => sealRun(evidence, { run: RUN, end, reason, head }, testKey);

const manifestSchema = z.looseObject({
  files: z.array(z.looseObject({ path: z.string(), size: z.int(), sha256: z.string() })),
});

describe('a sealed run', () => {
  test('has a canonical manifest of every file but itself, with the right sizes and digests', async () => {
    const opened = await openJournalled();
    const { manifest } = await seal(opened);
    const bytes = await readFile(join(opened.path, 'manifest.json'));
    expect(sha256(bytes)).toBe(manifest);
    const sealed = manifestSchema.parse(parseCanonical(bytes));
    expect(sealed).toMatchObject({
      v: 1,
      deployment: 'd',
      run: RUN,
      target: 't',
      end: 'promoted',
      previous: null,
      journal: { seq: 3, head: opened.head.digest },
    });
    const paths = sealed.files.map(({ path }) => path);
    const all = await opened.store.list(opened.folder);
    const over = ['manifest.json', 'attestations.intoto.jsonl'];
    expect(paths).toEqual(all.filter((path) => !over.includes(path)));
    expect(all).toEqual(expect.arrayContaining(over));
    expect(paths).toContain('journal.jsonl');
    expect(paths).toContain('report.md');
    expect(paths).toContain('report.html');
    for (const file of sealed.files) {
      const content = await readFile(join(opened.path, file.path));
      expect(file).toMatchObject({ size: content.byteLength, sha256: sha256(content) });
    }
  });

  test('has its journal assembled, an entry a line, byte for byte', async () => {
    const opened = await openJournalled();
    await seal(opened);
    const single = await Promise.all(
      [1, 2, 3].map((seq) => readFile(join(opened.path, entryPath(seq)), 'utf8')),
    );
    expect(await readFile(join(opened.path, 'journal.jsonl'), 'utf8')).toBe(`${single.join('\n')}\n`);
  });

  test('names the run before it', async () => {
    const previous = {
      run: '20260101T030405678Z-00000000',
      manifest: `sha256:${'4'.repeat(64)}`,
      end: 'rolled-back',
    };
    const opened = await openJournalled({ record: { previous } });
    await seal(opened);
    const { run, manifest } = previous;
    expect(parseCanonical(await readFile(join(opened.path, 'manifest.json')))).toMatchObject({
      previous: { run, manifest },
    });
    expect(await readFile(join(opened.path, 'report.md'), 'utf8')).toContain(
      `Previous run: ${run} (rolled-back), manifest ${manifest}`,
    );
  });

  test('is sealed once: sealing again gives the same, by this process and by the next', async () => {
    const opened = await openJournalled();
    const first = await seal(opened);
    expect(await seal(opened)).toEqual(first);
    expect(await seal({ evidence: new RunEvidence(opened.store), head: opened.head })).toEqual(first);
  });

  test.each([/^manifest\.json$/, /^report\.html$/])(
    'is the same when a worker was lost before %s',
    async (file) => {
      const opened = await openJournalled();
      const lost = new RunEvidence(failingOnce(opened.store, file));
      expect(await codeOf(seal({ evidence: lost, head: opened.head }))).toBe('full');
      const { manifest } = await seal(opened);
      expect(manifest).toBe(sha256(await readFile(join(opened.path, 'manifest.json'))));
    },
  );

  test('is the same where another worker seals it at the same time', async () => {
    const opened = await openJournalled();
    const { store } = opened;
    let other: Awaited<ReturnType<typeof seal>> | undefined;
    const get: EvidenceStore['get'] = async (folder, path) => {
      const bytes = await store.get(folder, path);
      if (path === 'manifest.json') other ??= await seal(opened);
      return bytes;
    };
    const late = new RunEvidence({ ...store, get });
    expect(await seal({ evidence: late, head: opened.head })).toEqual(other);
    expect(other).toBeDefined();
    expect(await store.list(opened.folder, 'ended/')).toEqual(['ended/promoted.json']);
  });

  test.each<[AttestationErrorCode, string]>([
    ['key_not_private', 'promoted-with-warnings'],
    ['key_unavailable', 'promoted'],
  ])('whose key is refused with %s is remembered as %s', async (code, end) => {
    const opened = await openJournalled();
    const { evidence, folder, head } = opened;
    const openKey = () => Promise.reject(new AttestationError(code, 'refused'));
    const sealing = sealRun(evidence, { run: RUN, end: 'promoted', reason: 'watched', head }, openKey);
    await expect(sealing).rejects.toThrow(code);
    expect(await endOf(evidence, folder)).toBe(end);
    expect(await readJson(opened, `ended/${end}.json`)).toMatchObject({
      reason: end === 'promoted' ? 'watched' : 'evidence_not_sealed',
    });
    await seal(opened, end);
  });

  test('is remembered as rolled back where another history of it does that after it was sealed', async () => {
    const opened = await openJournalled();
    await seal(opened);
    const { evidence, folder, head } = opened;
    const files = await opened.store.list(folder);
    const request = { run: RUN, reason: 'requested', head };
    for (const end of ['stopped', 'promoted-with-warnings'])
      expect(await codeOf(sealRun(evidence, { ...request, end }, testKey))).toBe('conflict');
    expect(await opened.store.list(folder)).toEqual(files);
    expect(await endOf(evidence, folder)).toBe('promoted');
    expect(await codeOf(sealRun(evidence, { ...request, end: 'rolled-back' }, testKey))).toBe('conflict');
    expect(await endOf(evidence, folder)).toBe('rolled-back');
    expect(await endOf(new RunEvidence(opened.store), folder)).toBe('rolled-back');
  });

  test('is remembered with that doubt where its runbook was changed', async () => {
    const opened = await openJournalled();
    await writeFile(join(opened.path, 'runbook.json'), '{}');
    const evidence = new RunEvidence(opened.store);
    expect(await codeOf(seal({ evidence, head: opened.head }))).toBe('conflict');
    expect(await endOf(evidence, opened.folder)).toBe('promoted-with-warnings');
  });

  test.each(['rollback/begun.json', 'ended/rolled-back.json'])(
    'is not finished as promoted where another history left %s',
    async (path) => {
      const opened = await openJournalled();
      const lost = new RunEvidence(failingOnce(opened.store, /^attestations/));
      expect(await codeOf(seal({ evidence: lost, head: opened.head }))).toBe('full');
      await opened.store.put(opened.folder, path, ROLLED_BACK);
      expect(await codeOf(seal(opened))).toBe('conflict');
      expect(await codeOf(finishSeal(opened.evidence, RUN, testKey))).toBe('conflict');
      expect(await opened.store.list('heads')).toEqual([]);
    },
  );

  test('is not begun as promoted where another history began to roll it back', async () => {
    const opened = await openJournalled();
    await opened.store.put(opened.folder, 'rollback/begun.json', ROLLED_BACK);
    const files = await opened.store.list(opened.folder);
    expect(await codeOf(seal(opened))).toBe('conflict');
    expect(await opened.store.list(opened.folder)).toEqual(files);
    // That history seals it.
    await seal(opened, 'rolled-back');
  });

  test.each<[string, (attestations: string) => string]>([
    ['what is none', () => '{}\n'],
    ['another run’s', (own) => own.replace(/"payload":"[^"]*"/, otherPayload)],
    ['fewer than its own', (own) => own.slice(0, own.indexOf('\n') + 1)],
    ['more than its own', (own) => `${own}${own}`],
  ])('is not sealed over attestations beside its manifest that are %s', async (_what, spoil) => {
    const opened = await openToldRun();
    await seal(opened);
    const path = join(opened.path, 'attestations.intoto.jsonl');
    const own = await readFile(path, 'utf8');
    await writeFile(path, spoil(own));
    expect(await codeOf(seal(opened))).toBe('conflict');
    expect(await codeOf(finishSeal(opened.evidence, RUN, testKey))).toBe('conflict');
    await rm(path);
    await seal(opened);
    expect(await readFile(path, 'utf8')).toBe(own);
  });

  test.each(['before', 'after'])(
    'attests a decision that came %s its manifest only if that lists it',
    async (when) => {
      const opened = await openJournalled();
      if (when === 'before') await putDecision(opened);
      const lost = new RunEvidence(failingOnce(opened.store, /^attestations/));
      expect(await codeOf(seal({ evidence: lost, head: opened.head }))).toBe('full');
      if (when === 'after') await putDecision(opened);
      await seal(opened);
      expect((await attested(opened)).includes(VOTER)).toBe(when === 'before');
    },
  );

  test.each<[string, (manifest: Manifest) => string]>([
    ['of another spelling', (manifest) => JSON.stringify(manifest, undefined, 1)],
    [
      'that lists a file twice',
      ({ files: [first, ...more], ...rest }) => canonical({ ...rest, files: [first, first, ...more] }),
    ],
    ['out of order', ({ files, ...rest }) => canonical({ ...rest, files: files.toReversed() })],
    ['of another run', (manifest) => canonical({ ...manifest, run: OTHER_RUN })],
    ['of another target', (manifest) => canonical({ ...manifest, target: 'other' })],
    ['of another deployment', (manifest) => canonical({ ...manifest, deployment: 'other' })],
    [
      'after another run',
      (manifest) => canonical({ ...manifest, previous: { run: OTHER_RUN, manifest: manifest.journal.head } }),
    ],
    ['of another form', () => '{}'],
  ])('is not signed where a manifest %s stands already', async (_what, spoilt) => {
    const opened = await openJournalled();
    const lost = new RunEvidence(failingOnce(opened.store, /^attestations/));
    expect(await codeOf(seal({ evidence: lost, head: opened.head }))).toBe('full');
    const path = join(opened.path, 'manifest.json');
    await writeFile(path, spoilt(wholeManifestSchema.parse(JSON.parse(await readFile(path, 'utf8')))));
    expect(await codeOf(seal(opened))).toBe('conflict');
    expect(await codeOf(finishSeal(opened.evidence, RUN, testKey))).toBe('conflict');
    expect(await opened.store.get(opened.folder, 'attestations.intoto.jsonl')).toBeUndefined();
    // Once it was moved away, the target remembers the end with that doubt.
    await rm(path);
    expect(await endOf(opened.evidence, opened.folder)).toBe('promoted-with-warnings');
  });

  test.each<[string, string, (path: string) => Promise<void>, string]>([
    ['a manifest of nobody', 'manifest.json', (path) => writeFile(path, '{}'), 'conflict'],
    ['a folder called manifest.json', 'manifest.json', (path) => mkdir(path), 'not_regular'],
    ['an attestation', 'attestations.intoto.jsonl', (path) => writeFile(path, '{}\n'), 'conflict'],
  ])('comes to be once %s that stood there is moved away', async (_what, name, leave, code) => {
    for (const [end, remembered] of [
      ['promoted', 'promoted-with-warnings'],
      ['rolled-back', 'rolled-back'],
    ] as const) {
      const opened = await openJournalled();
      const path = join(opened.path, name);
      await leave(path);
      expect(await codeOf(seal(opened, end))).toBe(code);
      await rename(path, `${opened.path}.away`);
      expect(await endOf(opened.evidence, opened.folder)).toBe(remembered);
      const { manifest } = await seal(opened, remembered);
      expect(manifest).toBe(sha256(await readFile(join(opened.path, 'manifest.json'))));
      await rm(`${opened.path}.away`, { recursive: true });
    }
  });

  test.each<[string, (head: JournalHead) => Partial<SealRequest>]>([
    ['another end', () => ({ end: 'aborted' })],
    ['fewer entries', ({ digest }) => ({ head: { seq: 2, digest } })],
    ['another last entry', ({ seq }) => ({ head: { seq, digest: `sha256:${'6'.repeat(64)}` } })],
  ])('stays as it is when another history of the run ends with %s', async (_what, other) => {
    const opened = await openJournalled();
    const request = { run: RUN, end: 'stopped', reason: 'aborted', head: opened.head };
    const lost = new RunEvidence(failingOnce(opened.store, /^attestations/));
    expect(await codeOf(sealRun(lost, request, testKey))).toBe('full');
    const otherwise = { ...request, ...other(opened.head) };
    const files = await opened.store.list(opened.folder);
    expect(await codeOf(sealRun(opened.evidence, otherwise, testKey))).toBe('conflict');
    expect(await opened.store.list(opened.folder)).toEqual(files);
    expect(files).not.toContain('attestations.intoto.jsonl');
    await sealRun(opened.evidence, request, testKey);
    const sealed = await opened.store.list(opened.folder);
    expect(await codeOf(sealRun(opened.evidence, otherwise, testKey))).toBe('conflict');
    expect(await opened.store.list(opened.folder)).toEqual(sealed);
  });
});

const ROLLED_BACK = canonicalBytes({ v: 1, end: 'rolled-back', reason: 'requested' });

async function readJson({ path }: OpenedRun, name: string): Promise<unknown> {
  return JSON.parse(await readFile(join(path, name), 'utf8'));
}

/** The same payload, about another run. */
function otherPayload(own: string): string {
  const [, payload = ''] = /"payload":"([^"]*)"/.exec(own) ?? [];
  const said = Buffer.from(payload, 'base64').toString('utf8').replaceAll(RUN, OTHER_RUN);
  return `"payload":"${Buffer.from(said).toString('base64')}"`;
}

const canonical = (value: unknown): string => Buffer.from(canonicalBytes(value)).toString('utf8');

const OTHER_RUN = '20260101T030405678Z-00000000';

const VOTER = 'voter@example.org';

async function putDecision({ store, folder }: OpenedRun): Promise<void> {
  const digest = `sha256:${'5'.repeat(64)}`;
  const statement = Buffer.from(
    statementText({
      v: 1,
      type: 'promotion-decision.v1',
      deployment: 'd',
      target: 't',
      run: RUN,
      at: new Date(OPENED_MS).toISOString(),
      by: VOTER,
      subject: digest,
      request: digest,
      verdict: 'approve',
      comment: '',
    }),
  );
  const receipt = {
    v: 1,
    statement: sha256(statement),
    signature: null,
    receivedAt: new Date(OPENED_MS).toISOString(),
    identity: 'asserted',
    key: null,
  };
  const base = 'approval-1/decision-0123456789abcdef';
  await store.put(folder, `${base}.statement.json`, statement);
  await store.put(folder, `${base}.json`, canonicalBytes(receipt));
}

/** All that was signed, as text. */
async function attested({ path }: OpenedRun): Promise<string> {
  const lines = (await readFile(join(path, 'attestations.intoto.jsonl'), 'utf8')).trim().split('\n');
  const payloads = lines.map((line) => z.object({ payload: z.base64() }).parse(JSON.parse(line)).payload);
  return payloads.map((payload) => Buffer.from(payload, 'base64').toString('utf8')).join('\n');
}

/** What sealing says about a spoilt journal; nothing may have been sealed. */
const refused = async (spoil: (opened: OpenedRun & { head: JournalHead }) => Promise<JournalHead | void>) => {
  const opened = await openJournalled();
  const head = (await spoil(opened)) ?? opened.head;
  const code = await codeOf(seal({ evidence: opened.evidence, head }));
  expect(await opened.store.get(opened.folder, 'manifest.json')).toBeUndefined();
  return code;
};

const forgeNext = async ({ evidence, head }: { evidence: RunEvidence; head: JournalHead }): Promise<void> => {
  await appendEntry(evidence, { run: RUN, head, at: OPENED_MS, kind: 'forged', body: {} });
};

describe('a journal', () => {
  test('with an entry missing is not sealed', async () => {
    expect(await refused(({ path }) => rm(join(path, entryPath(2))))).toBe('conflict');
  });

  test('with a changed entry is not sealed, be it the last one', async () => {
    for (const seq of [1, 2, 3]) {
      const change = async ({ path }: OpenedRun): Promise<void> => {
        const file = join(path, entryPath(seq));
        await writeFile(file, (await readFile(file, 'utf8')).replace('"v":1', '"v":2'));
      };
      expect(await refused(change)).toBe('conflict');
    }
  });

  test('that ends before or after the workflow’s head is not sealed', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    expect(await refused(({ head }) => Promise.resolve({ seq: 4, digest: head.digest }))).toBe('conflict');
    expect(await refused(() => Promise.resolve({ seq: 3, digest }))).toBe('conflict');
    expect(await refused(forgeNext)).toBe('conflict');
  });

  test('with an entry that is no JSON is refused as broken, not as a bug of ours', async () => {
    expect(await refused(({ path }) => writeFile(join(path, entryPath(2)), '{"torn":'))).toBe('conflict');
  });
});

/** A report of a run that ended so, with parts of it as given. */
async function reportOf(
  given: Pick<Report, 'end' | 'reason'> & Partial<Report>,
  entries: readonly JournalEntry[] = [],
): Promise<string> {
  const { evidence, known } = await openRun();
  return renderReport({ ...(await readReport(evidence, await known(), given, entries)), ...given });
}

const rollbackTried = (line: string) => ({ kind: 'rollback-tried', body: { unverified: [line] } });

/** An entry of the journal: what a step of a rollback came to. */
const tried = (attempt: number, verified: boolean, byHand: readonly string[]) => ({
  seq: 1,
  at: '2026-01-02T03:04:05.678Z',
  kind: 'rollback-step',
  body: { step: 'stop', attempt, verified, code: verified ? 'verified' : 'gone', detail: '<b>', byHand },
});

describe('a report', () => {
  /** Markup that a renderer would act on: a tag, an entity or an image that no backslash stands before. */
  const RAW = /(?<!\\)(?:<|&|!\[|\]\()/;

  test('shows what came from outside as text', async () => {
    const hostile =
      '<img src=x onerror=alert(1)> ![x](http://x) [y](javascript:z) | `code` &lt; \\<b>\n# Heading';
    const opened = await openJournalled({
      record: { reason: hostile.slice(0, 1024), subjectLine: '<script>alert(1)</script>' },
    });
    await seal(opened, 'stopped', '<svg onload=alert(1)>');
    const report = await readFile(join(opened.path, 'report.md'), 'utf8');
    expect(report).not.toMatch(RAW);
    expect(report).not.toContain('\n# Heading');
    expect(report).toContain(String.raw`\<img src=x onerror=alert(1)\>`);
    expect(report).toContain(String.raw`\<svg onload=alert(1)\>`);
  });

  test('has a line for every entry of the journal, whatever stands in it', async () => {
    const opened = await openJournalled();
    await seal(opened);
    const lines = (await readFile(join(opened.path, 'report.md'), 'utf8')).split('\n');
    const table = lines.filter((line) => line.startsWith('| 2026'));
    expect(table).toHaveLength(ENTRIES.length);
    for (const line of table) expect(line.replaceAll(/\\./g, '').split('|')).toHaveLength(5);
  });

  const TRIAGE = {
    holding: [{ gate: 'gateway-status', reasonCodes: ['service_stopped'] }],
    recommendations: ['start the <gateway>'],
    repairs: ['gateway-start: done'],
    concerns: [
      {
        kind: 'gate',
        id: 'gateway-status',
        code: 'service_stopped',
        owners: ['crates/tau-gateway'],
        relatedRunbooks: ['docs/guides/gateway-ops.md'],
      },
      { kind: 'step', id: 'gateway-stop', code: 'unreachable', owners: [], relatedRunbooks: [] },
    ],
    owners: ['crates/tau-gateway', 'crates/tau-deployment'],
    relatedRunbooks: ['docs/guides/gateway-ops.md'],
  } as const;

  test('says what held, what was tried, what the system recommends and who owns it, unless it was promoted', async () => {
    const stopped = await reportOf({ end: 'stopped', reason: 'gate_hold', triage: TRIAGE });
    for (const said of [
      'service\\_stopped',
      'gateway-start: done',
      'start the \\<gateway',
      'service\\_stopped (gateway-status) belongs to crates/tau-gateway; see docs/guides/gateway-ops.md',
      'unreachable (gateway-stop, not proven) belongs to nobody that the runbook names',
      'Owners: crates/tau-gateway, crates/tau-deployment',
    ])
      expect(stopped).toContain(said);
    expect(await reportOf({ end: 'promoted', reason: '', triage: TRIAGE })).not.toContain('Triage');
  });

  test('says to whom an unproven step belongs, by the last attempt', async () => {
    const owners = [{ name: 'gateway-team', contact: '#gateway', steps: ['deployment-revert'] }];
    const opened = await openRun({ loaded: await load(smallRunbook({ owners })) });
    const entries = [
      rollbackTried('deployment-revert: branch_moved_on: x'),
      rollbackTried('deployment-revert: push_rejected'),
    ];
    let head: JournalHead = { seq: 0, digest: '' };
    for (const entry of entries)
      head = await appendEntry(opened.evidence, { run: RUN, head, at: OPENED_MS, ...entry });
    await seal({ ...opened, head }, 'rollback-acknowledged', 'rollback-acknowledged');
    const report = await readFile(join(opened.path, 'report.md'), 'utf8');
    expect(report).toContain(
      '- push\\_rejected (deployment-revert, not proven) belongs to gateway-team (\\#gateway)',
    );
    expect(report).not.toContain('branch\\_moved\\_on (deployment-revert');
  });

  test.each(['rolled-back', 'rollback-acknowledged', 'promoted'])(
    'of a run that ended %s says how service comes back, as commands, only where it is needed',
    async (end) => {
      const opened = await openJournalled();
      await seal(opened, end, 'x');
      const report = await readFile(join(opened.path, 'report.md'), 'utf8');
      expect(report.includes('## How service comes back')).toBe(end !== 'promoted');
      expect(report.includes('\n    promote validate --target t\n')).toBe(end !== 'promoted');
    },
  );

  test('says below what held, and below the end, what each known code means, whose it is and what to do', async () => {
    const holding = [
      { gate: 'gateway-status', reasonCodes: ['service_stopped', 'x_unknown', 'gate_not_expected'] },
    ];
    const report = await reportOf({ end: 'stopped', reason: 'gate_hold', triage: { ...TRIAGE, holding } });
    expect(report).toContain(
      [
        String.raw`- gateway-status holds: service\_stopped, x\_unknown, gate\_not\_expected`,
        String.raw`  - service\_stopped (gateway): the gateway is stopped; start the gateway`,
        String.raw`  - gate\_not\_expected (promote): the rollout gate is another one than the runbook expects`,
      ].join('\n'),
    );
    expect(report).toContain(String.raw`- gate\_hold (promote): a gate held to the end`);
    expect(report).not.toContain(String.raw`- x\_unknown`);
  });

  test('says of a rollback what each step said at each attempt, and what was left to do by hand', async () => {
    const entries = [tried(1, false, ['old']), tried(2, false, ["cd '/x' && stop <it>"])];
    const report = await reportOf({ end: 'rollback-acknowledged', reason: 'x' }, entries);
    expect(report).toContain(String.raw`stop, attempt 1: **not verified** (gone): \<b\>`);
    expect(report).toContain('stop, attempt 2: **not verified** (gone)');
    expect(report).toContain("Left to do by hand:\n\n    cd '/x' && stop <it>\n");
    expect(report).not.toContain('    old');
  });

  test('says of a rollback that did not hold when that was seen, and leaves nothing to do once it holds', async () => {
    const came = {
      ...tried(1, true, []),
      kind: 'rollback-confirmed',
      body: { unverified: ['stop: not_in_effect: runs'], phase: 'rolling-back' },
    };
    const entries = [tried(1, true, []), came, tried(2, true, [])];
    const report = await reportOf({ end: 'rolled-back', reason: 'x' }, entries);
    expect(report).toContain(
      String.raw`it did not hold: stop: not\_in\_effect: runs`.replaceAll('\\\\', '\\'),
    );
    expect(report).not.toContain('Left to do by hand');
  });
});
