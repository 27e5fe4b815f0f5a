import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';

import { CanaryGateway } from '../support/canary-gateway.js';
import { promote, startPart, type Ended, type Part, type Surroundings } from '../support/command-line.js';
import { createRemote } from '../support/git-fixture.js';
import { serveHttpsGit } from '../support/https-git.js';
import { exportHistories, filesBelow, found, said, spellings, type Text } from '../support/secret-search.js';

/**
 * Proves that a secret which goes through every input that can carry it, and comes back in every place of an answer, is
 * found nowhere afterwards: evidence, exported histories, Temporal's own files, mirrors, and every word of the processes.
 * Each search finds what is no secret, and every input is proven to have carried it. Not looked for: compressed bytes, such
 * as the commit itself in a mirror's objects.
 */
const TARGET = `t-${randomBytes(4).toString('hex')}`;
const REQUESTER = 'requester@example.org';
const APPROVER = 'approver@example.org';

/** Of each secret a part that is nowhere else, whatever is done to the rest. */
const PART = randomBytes(9).toString('hex');
const SESSION_PART = randomBytes(9).toString('hex');
const CANARY = `c/${PART}" é+&<\\n ${PART}z`;
/** A token that an endpoint gives fits a header. */
const SESSION = `s/${SESSION_PART}"+&<\\n`;
/** Credentials for git are printable ASCII. */
const FORGE_PART = randomBytes(9).toString('hex');
const FORGE = `f/${FORGE_PART}" +&<\\n ${FORGE_PART}z`;

const GATES = ['bearer', 'basic', 'header', 'json', 'text', 'opened'] as const;

test('a secret that goes through every input is found nowhere afterwards', { timeout: 120_000 }, async () => {
  const gateway = new CanaryGateway([CANARY, FORGE], SESSION);
  const baseUrl = await gateway.open();
  onTestFinished(() => gateway.close());
  const remote = createRemote();
  onTestFinished(() => remote.remove());
  const credentials = Buffer.from(`x-access-token:${FORGE}`).toString('base64');
  const forge = await serveHttpsGit(remote, { authorization: `Basic ${credentials}` });
  onTestFinished(() => forge.close());
  const commit = remote.commit({ parents: [remote.first], message: `Serve ${CANARY} now` });

  const cwd = await mkdtemp(join(tmpdir(), 'promote-canary-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true, maxRetries: 5 }));
  const dataDir = join(cwd, 'data');
  const evidenceDir = join(cwd, 'evidence');
  const site: Surroundings = {
    cwd,
    environment: {
      HOME: cwd,
      XDG_CACHE_HOME: join(homedir(), '.cache'),
      PROMOTE_TASK_QUEUE: `canary-${randomBytes(4).toString('hex')}`,
      PROMOTE_DATA_DIR: dataDir,
      PROMOTE_EVIDENCE_DIR: evidenceDir,
      SSL_CERT_FILE: forge.certificate,
      CANARY_URL: baseUrl,
      CANARY_REMOTE: forge.url,
      CANARY_VALUE: CANARY,
      CANARY_FORGE: FORGE,
      // Handed to a command, and no variable of the runbook.
      CANARY_HANDED_TOKEN: CANARY,
      CANARY_MODE: join(cwd, 'mode'),
    },
  };
  await writeFile(join(cwd, 'mode'), 'well');
  await writeFile(join(cwd, 'says.mjs'), SAYS);
  await writeFile(join(cwd, 'runbook.yaml'), JSON.stringify(runbook()));
  const targets = { [TARGET]: { runbook: join(cwd, 'runbook.yaml') } };
  await writeFile(join(cwd, 'promote.yaml'), JSON.stringify({ v: 1, targets }));
  const told: Ended[] = [];
  const tell = async (...args: readonly string[]): Promise<Ended> => {
    const ended = await promote(site, ...args);
    told.push(ended);
    return ended;
  };

  // What a runbook spells out is refused before anything is asked or kept, a program that is not there too.
  const spelled = { ...runbook(), prerequisites: [{ id: 'missing', command: { argv: [`no-${CANARY}`] } }] };
  await writeFile(join(cwd, 'spelled.yaml'), JSON.stringify(spelled));
  const refused = await tell('validate', '--runbook', join(cwd, 'spelled.yaml'));
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain('spells out a secret');

  gateway.refuses = true;
  await writeFile(join(cwd, 'mode'), 'badly');
  const held = await tell('validate', '--target', TARGET);
  expect(held.exitCode, said(held)).toBe(1);
  gateway.refuses = false;
  await writeFile(join(cwd, 'mode'), 'well');

  const parts: Part[] = [];
  onTestFinished(async () => {
    for (const part of parts.toReversed()) await part.kill();
  });
  parts.push(await startPart(site, 'server'));
  parts.push(await startPart(site, 'worker'));

  const start = ['start', '--target', TARGET, '--commit', commit, '--as', REQUESTER];
  const typed = await tell(...start, '--reason', `the token is ${CANARY}`);
  expect(typed.exitCode).toBe(2);
  expect(typed.stderr).toContain('--reason holds a secret');
  const started = await tell(...start, '--reason', 'as planned');
  expect(started.exitCode, said(started)).toBe(0);
  const digest = await vi.waitFor(
    async () => {
      const status = await promote(site, '--json', 'status', TARGET);
      const awaited = AWAITED.safeParse(JSON.parse(status.stdout)).data?.digest;
      if (awaited === undefined) throw new Error(said(status));
      told.push(status);
      return awaited;
    },
    { timeout: 20_000, interval: 500 },
  );
  const approve = ['approve', TARGET, '--digest', digest, '--as', APPROVER];
  const commented = await tell(...approve, '--comment', `seen ${encodeURIComponent(CANARY)}`);
  expect(commented.exitCode).toBe(2);
  expect(commented.stderr).toContain('--comment holds a secret');
  const approved = await tell(...approve, '--comment', 'seen');
  expect(approved.exitCode, said(approved)).toBe(0);
  const followed = await tell('--json', 'follow', TARGET);
  expect(followed.exitCode, said(followed)).toBe(0);
  await tell('--json', 'status', TARGET);
  await tell('status', TARGET);
  await tell('list', '--all');
  const histories = await historiesBelow(dataDir);
  for (const part of parts.toReversed()) await part.end();

  // Every input carried it.
  expect(remote.tip()).toBe(commit);
  expect(remote.git('log', '-1', '--format=%s', commit)).toBe(`Serve ${CANARY} now`);
  expect(forge.authorizations).toContain(`Basic ${credentials}`);
  const latin1 = Buffer.from(CANARY, 'utf8').toString('latin1');
  const carried: Readonly<Record<(typeof GATES)[number], readonly string[]>> = {
    bearer: [`Bearer ${CANARY}`, `Bearer ${latin1}`],
    basic: [`Basic ${Buffer.from(`somebody:${CANARY}`).toString('base64')}`],
    header: [`key ${CANARY}`, `key ${latin1}`],
    json: [JSON.stringify({ deep: [CANARY] })],
    text: [`text ${CANARY}`],
    opened: [`Bearer ${SESSION}`],
  };
  for (const [gate, texts] of Object.entries(carried)) {
    const heard = gateway.heard.filter(({ path }) => path === `/${gate}`);
    expect(heard, gate).not.toEqual([]);
    const came = heard.some((each) => texts.some((text) => each.carried.includes(text)));
    expect(came, gate).toBe(true);
  }

  const mirrors = await filesBelow(join(dataDir, 'mirrors'));
  const evidence = await filesBelow(evidenceDir);
  const places: Readonly<Record<string, { readonly texts: readonly Text[]; readonly control: string }>> = {
    history: { texts: histories, control: TARGET },
    evidence: { texts: evidence, control: TARGET },
    reports: { texts: evidence.filter(({ name }) => /report\.[a-z]+$/.test(name)), control: TARGET },
    data: { texts: await filesBelow(dataDir), control: TARGET },
    temporal: { texts: await filesBelow(join(dataDir, 'temporal')), control: TARGET },
    mirrors: { texts: mirrors, control: commit },
    told: { texts: told.map((ended, n) => ({ name: `told ${n}`, text: said(ended) })), control: TARGET },
    logs: {
      texts: parts.map((part, n) => ({ name: `part ${n}`, text: part.said() })),
      control: site.environment['PROMOTE_TASK_QUEUE'] ?? '',
    },
  };
  for (const [place, { texts, control }] of Object.entries(places)) {
    expect(found(texts, spellings(control)), `the control in ${place}`).not.toEqual([]);
    for (const secret of [CANARY, SESSION, FORGE, PART, SESSION_PART, FORGE_PART])
      expect(found(texts, spellings(secret)).slice(0, 3), `a secret in ${place}`).toEqual([]);
  }
  // It did come back, and was taken out where it stood.
  const answers = evidence.map(({ text }) => text).join('\n');
  for (const name of ['canary', 'session-0', 'forge']) expect(answers).toContain(`[redacted:${name}]`);
  expect(found(histories, ['Serve [redacted:CANARY_HANDED_TOKEN] now'])).not.toEqual([]);
});

const AWAITED = z.object({ digest: z.string() });
const ENGINE = z.object({ port: z.int() });

async function historiesBelow(dataDir: string): Promise<readonly Text[]> {
  const record: unknown = JSON.parse(await readFile(join(dataDir, 'temporal', 'engine.json'), 'utf8'));
  const connection = await Connection.connect({ address: `127.0.0.1:${ENGINE.parse(record).port}` });
  try {
    return await exportHistories(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

/** Says what it was handed, on both streams; ends badly when it is told to. */
const SAYS = `
import { readFileSync } from 'node:fs';
const secret = process.env.CANARY_HANDED_TOKEN;
for (const say of [console.log, console.error]) {
  say(secret, JSON.stringify({ secret }), encodeURIComponent(secret), Buffer.from(secret).toString('base64'));
}
if (readFileSync(process.env.CANARY_MODE, 'utf8') === 'badly') throw new Error('failed with ' + secret);
`;

function runbook(): Readonly<Record<string, unknown>> {
  const ways: Readonly<Record<(typeof GATES)[number], object>> = {
    bearer: { bearer: '${canary}' },
    basic: { basic: { username: 'somebody', password: '${canary}' } },
    header: { headers: { 'x-key': 'key ${canary}' } },
    json: { method: 'POST', json: { deep: ['${canary}'] } },
    text: { method: 'POST', text: 'text ${canary}' },
    opened: { session: { url: '${baseUrl}/session', json: { password: '${canary}' } } },
  };
  const common = { expect: { health: 'healthy', gate: 'pass' }, deadline: '3s' };
  const asked = GATES.map((id) => ({
    id,
    http: { url: `\${baseUrl}/${id}`, ...ways[id] },
    reader: 'standard',
    ...common,
  }));
  const command = {
    argv: [process.execPath, 'says.mjs'],
    environment: ['CANARY_HANDED_TOKEN', 'CANARY_MODE'],
  };
  return {
    v: 1,
    name: 'canary',
    variables: {
      canary: { env: 'CANARY_VALUE', secret: true },
      forge: { env: 'CANARY_FORGE', secret: true },
      baseUrl: { env: 'CANARY_URL' },
      remote: { env: 'CANARY_REMOTE' },
    },
    gates: [...asked, { id: 'says', command, reader: 'exit-code', ...common }],
    approval: { approvers: [APPROVER] },
    promotion: {
      steps: [
        {
          id: 'branch',
          git: { remote: '${remote}', branch: 'production', https: { password: '${forge}' } },
        },
      ],
    },
    watch: { window: '600ms', interval: '200ms' },
    rollback: {
      triggers: { repeatedFailing: { gates: ['bearer'], rounds: 2 } },
      steps: [{ id: 'revert', gitRevert: { step: 'branch' } }],
    },
  };
}
