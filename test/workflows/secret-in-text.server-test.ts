import { readdir } from 'node:fs/promises';

import { expect, inject, test } from 'vitest';

import { filesBelow, found, spellings } from '../support/secret-search.js';
import { withStage, type Stage } from '../support/stage.js';

/**
 * Proves what becomes of words that hold a secret where no command line refused them: what is signed, or would be, is refused
 * by name and not kept; an order that nobody signed is taken without the secret. Its end: Temporal's history has what was
 * sent, whatever is refused.
 */
const address = inject('temporalAddress');
const SECRET = 'cAn/ary " é + \\ & space';
const environment = { CANARY_TOKEN: SECRET };

/** Where the secret stands in the evidence; fails where nothing can be found there at all. */
async function inEvidence({ config, target }: Stage): Promise<readonly string[]> {
  const texts = await filesBelow(config.evidenceDir);
  expect(found(texts, spellings(target))).not.toEqual([]);
  return found(texts, spellings(SECRET));
}

test('a reason to start ends it before any evidence is opened', () =>
  withStage({ address, environment }, async (stage) => {
    await stage.start({ reason: `it is ${SECRET}` });
    const { end, reason } = await stage.result();
    expect(end).toBe('stopped');
    expect(reason).toContain('secret_in_text');
    expect(found([{ name: 'reason', text: reason }], spellings(SECRET))).toEqual([]);
    expect(await readdir(stage.config.evidenceDir).catch(() => [])).toEqual([]);
  }));

test('a comment is refused by name and not kept; the same decision without it promotes', () =>
  withStage({ address, environment }, async (stage) => {
    await stage.start();
    const refused = await stage.decide('approve', 'approver@rehearsal', { comment: `say ${SECRET}` });
    expect(refused).toEqual({ accepted: false, reason: 'secret_in_text' });
    expect(await stage.decide()).toMatchObject({ accepted: true });
    expect((await stage.result()).end).toBe('promoted');
    expect(await inEvidence(stage)).toEqual([]);
  }));

test('an order that nobody signed is taken, and its reason kept without the secret', () =>
  withStage({ address, environment }, async (stage) => {
    await stage.start();
    await stage.until(({ phase }) => phase === 'awaiting-approval');
    const answer = await stage.order('abort', 'approver@rehearsal', `stop, it is ${SECRET}`);
    expect(answer).toMatchObject({ accepted: true });
    expect((await stage.result()).end).toBe('aborted');
    expect(await inEvidence(stage)).toEqual([]);
    const texts = await filesBelow(stage.config.evidenceDir);
    expect(found(texts, ['stop, it is [redacted:CANARY_TOKEN]'])).not.toEqual([]);
  }));
