import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';

import { createNotifiers } from '../../src/adapters/notifications/notifier.js';
import type { Notification } from '../../src/domain/notification.js';
import { Receiver } from '../support/receiver.js';

/**
 * Proves what goes over the wire to whom a worker tells: CloudEvents that Standard Webhooks' own library verifies, and Slack's form,
 * each to its own address alone. Its secrets stand in no error. That a promotion tells what it should, and waits for nobody, is
 * test/workflows/notifications.server-test.ts.
 */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NOTIFICATION: Notification = {
  event: 'awaiting-approval',
  id: '20260102T030405678Z-5f0c2a9e-1',
  at: Date.parse('2026-01-02T03:04:05.678Z'),
  deployment: 'tau-eu',
  target: 'tau-production',
  commit: 'a'.repeat(40),
  run: '20260102T030405678Z-5f0c2a9e',
  requester: 'rita@example.org',
  subjectLine: 'Serve <!channel> & `more`',
  phase: 'awaiting-approval',
  reason: '',
  trigger: null,
  approval: {
    digest: `sha256:${'b'.repeat(64)}`,
    missing: 2,
    waitingFor: ['alice@example.org', 'bob@example.org'],
    expiresAt: Date.parse('2026-01-03T03:04:05.678Z'),
  },
  holding: [{ gate: 'cortex-status', reasonCodes: ['cortex_chat_activity_stale'] }],
  next: ['promote status tau-production', `promote approve tau-production --digest ${'b'.repeat(64)}`],
};

const receiver = new Receiver();
let origin = '';
beforeAll(async () => (origin = await receiver.open()));
afterAll(() => receiver.close());
beforeEach(() => {
  receiver.status = 204;
  receiver.received.length = 0;
});

const remembered: Record<string, string> = {};
function notifier(kind: 'webhook' | 'slack', environment: Readonly<Record<string, string>>) {
  const [found] = createNotifiers(
    [
      kind === 'webhook'
        ? { name: 'ops', kind, url: `${origin}/hook`, secretEnv: 'HOOK_SECRET' }
        : { name: 'chat', kind, urlEnv: 'CHAT_URL' },
    ],
    environment,
    (secrets) => Object.assign(remembered, secrets),
  );
  if (found === undefined) throw new Error('no notifier');
  return found;
}

const tell = (kind: 'webhook' | 'slack', environment: Readonly<Record<string, string>>): Promise<void> =>
  notifier(kind, environment).notify(NOTIFICATION, new AbortController().signal);

describe('a webhook', () => {
  test("is a CloudEvent that Standard Webhooks' library verifies", async () => {
    await tell('webhook', { HOOK_SECRET: SECRET });
    const [{ path, headers, body } = { path: '', headers: {}, body: '' }] = receiver.received;
    expect(path).toBe('/hook');
    expect(headers['content-type']).toBe('application/cloudevents+json');
    expect(headers['webhook-id']).toBe(NOTIFICATION.id);
    expect(new Webhook(SECRET).verify(body, { ...headers })).toMatchObject({
      specversion: '1.0',
      id: NOTIFICATION.id,
      source: '/promote/tau-eu/tau-production',
      type: 'promotion.awaiting-approval.v1',
      time: '2026-01-02T03:04:05.678Z',
      data: { approval: { digest: NOTIFICATION.approval?.digest }, next: NOTIFICATION.next },
    });
    expect(() => new Webhook('whsec_b3RoZXIgb3RoZXIgb3RoZXI=').verify(body, { ...headers })).toThrow(
      'No matching signature found',
    );
  });

  test('remembers its secret as one, so that nothing else says it', async () => {
    await tell('webhook', { HOOK_SECRET: SECRET });
    expect(remembered).toMatchObject({ HOOK_SECRET: SECRET });
  });
});

test('a message to Slack shows what people typed as it is', async () => {
  await tell('slack', { CHAT_URL: `${origin}/services/T0/B0/secretpath` });
  const [{ body } = { body: '{}' }] = receiver.received;
  const text = JSON.stringify(JSON.parse(body));
  expect(text).toContain('tau-production: aaaaaaaaaaaa waits for approval');
  expect(text).toContain('Serve &lt;!channel&gt; &amp;');
  expect(text).toContain('alice@example.org, bob@example.org may decide');
  expect(text).toContain(`promote approve tau-production --digest ${'b'.repeat(64)}`);
  expect(text).not.toContain('<!channel>');
});

describe('what is not taken is an error that names notifier and cause, and no secret', () => {
  const CASES: readonly [string, 'webhook' | 'slack', number, Readonly<Record<string, string>>, string][] = [
    ['a status of 503', 'webhook', 503, { HOOK_SECRET: SECRET }, 'ops: http_status_503'],
    ['a redirect, which is not followed', 'webhook', 302, { HOOK_SECRET: SECRET }, 'ops: http_redirect'],
    ['a secret that is not set', 'webhook', 204, {}, 'ops: HOOK_SECRET is not set on this worker'],
    ['a secret that is none', 'webhook', 204, { HOOK_SECRET: 'whsec_!' }, 'ops: its secret is none of'],
    ['an address that is none', 'slack', 204, { CHAT_URL: 'secretpath' }, 'chat: its address is no URL'],
    ['an address of another kind', 'slack', 204, { CHAT_URL: 'file:///secretpath' }, 'chat: http_'],
  ];
  test.each(CASES)('%s', async (_, kind, status, environment, says) => {
    receiver.status = status;
    const error: unknown = await tell(kind, environment).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toContain(says);
    expect(String(error)).not.toMatch(/secretpath|whsec_!|whsec_M/);
    expect(receiver.received).toHaveLength(0);
  });
});
