import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { z } from 'zod';

import { openSite, type Asked, type TauAnswer } from '../support/command-line.js';
import { exportHistories, filesBelow, found, said, spellings } from '../support/secret-search.js';

const LIMIT_MS = 150_000;

/**
 * Proves that no secret of a worker is left behind by a whole promotion, in which a hostile gateway says back what it was
 * sent, in every spelling below: not in the data folder with Temporal's own files, not in the evidence, not in any word of
 * the command line, not in an exported workflow history. The same search finds what is no secret. A spelling that is not
 * listed here, such as UTF-16 or compressed bytes, is not looked for.
 */
test(
  'a token is found nowhere after a promotion through a gateway that says it back',
  { timeout: LIMIT_MS },
  async () => {
    const canary = randomBytes(9).toString('hex');
    const token = `canary/${canary}+${canary}==`;
    const secret = `canary "${canary}" \\ é+&<${canary}`;
    const gateway = new HostileGateway();
    const site = await openSite({
      scenario: 'hold-healed',
      environment: { TAU_OPERATOR_AUTH_TOKEN: token, TAU_CHAT_SECRET: secret },
      gateway: (asked) => gateway.answer(asked),
    });
    await giveChatASecret(site.rehearsal.runbookFile);
    const server = await site.startPart('server');
    const worker = await site.startPart('worker');

    const told = [await site.startPromotion()];
    await site.awaitsApproval();
    told.push(await site.promote('--json', 'status', site.target), await site.approve());
    const followed = await site.promote('--json', 'follow', site.target);
    expect(followed.exitCode, followed.stderr + followed.stdout).toBe(0);
    told.push(followed, await site.promote('status', site.target), await site.promote('list', '--all'));
    // The gateway's status is refused again, and now nothing but a person could help.
    gateway.refuses = true;
    const validated = await site.promote('validate', '--target', site.target);
    expect(validated).toMatchObject({ exitCode: 1 });
    told.push(validated);
    const histories = await site.withTemporal(exportHistories);
    await worker.end();
    await server.end();

    expect(gateway.heard.has(`Bearer ${token}`), 'the token was sent').toBe(true);
    expect(gateway.heard.has(secret), "the chat's secret was sent").toBe(true);
    const places = {
      history: histories,
      evidence: await filesBelow(site.evidenceDir),
      data: await filesBelow(site.dataDir),
      told: [...told.map(said), site.said()].map((text, index) => ({ name: `told ${index}`, text })),
    };
    for (const [place, texts] of Object.entries(places)) {
      expect(found(texts, spellings(token)), `the token in ${place}`).toEqual([]);
      expect(found(texts, spellings(secret)), `the chat's secret in ${place}`).toEqual([]);
      expect(found(texts, spellings(canary)), `a part of one in ${place}`).toEqual([]);
      expect(found(texts, spellings(site.target)), `the target in ${place}`).not.toEqual([]);
    }
    // What was said back did arrive: its marks are where it stood.
    const answers = places.evidence.map(({ text }) => text).join('\n');
    expect(answers).toContain('you said [redacted:token]');
    expect(answers).toContain('you said [redacted:chatSecret]');
    expect(found(places.history, ['you said [redacted:token]'])).not.toEqual([]);
  },
);

/** Says back whatever it is sent, in every answer; refuses the first question about its status, and more if it is told to. */
class HostileGateway {
  refuses = false;
  readonly heard = new Set<string>();
  #asked = 0;

  async answer({ path, authorization, body, tau }: Asked): Promise<TauAnswer> {
    this.heard.add(authorization);
    const secrets = [authorization.replace(/^Bearer /, '')];
    if (path === '/cortex/chat') {
      const { input } = z.object({ input: z.string() }).parse(JSON.parse(body));
      this.heard.add(input);
      secrets.push(input);
    }
    const echo = secrets.flatMap(spellings).map((text) => `you said ${text} `);
    const answer = await tau();
    if (path === '/gateway/status' && (this.refuses || (this.#asked += 1) === 1)) {
      const text = JSON.stringify({ error: { code: 'unauthorized', message: echo.join('') }, authorization });
      return { status: 401, type: 'application/json', text };
    }
    if (path === '/cortex/chat') return { ...answer, text: `${answer.text}${echo.join('')}` };
    const honest = z.record(z.string(), z.unknown()).parse(JSON.parse(answer.text));
    // Reason codes go further than a body does: into Temporal's history.
    const passes = path === '/cortex/status' && honest['rollout_gate'] === 'pass';
    const code = passes ? { reason_code: echo[0] } : {};
    const headers = { authorization };
    return { ...answer, text: JSON.stringify({ ...honest, ...code, echo, request: { headers } }) };
  }
}

/** The repair of the chat then sends a secret of its own, within JSON. */
async function giveChatASecret(runbookFile: string): Promise<void> {
  const runbook = parseDocument(await readFile(runbookFile, 'utf8'));
  runbook.setIn(['variables', 'chatSecret'], { env: 'TAU_CHAT_SECRET', secret: true });
  runbook.setIn(['remediation', 'repairs', 0, 'http', 'json'], { input: '${chatSecret}' });
  await writeFile(runbookFile, runbook.toString({ lineWidth: 110 }));
}
