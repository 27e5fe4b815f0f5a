import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKnownSecrets } from '../../src/adapters/known-secrets.js';
import { createRedactor, redactable } from '../../src/adapters/redaction.js';

// Proves that a secret in one of the spellings of docs/reference/security.md is never in the output. Not proven, since not
// promised: secrets split by a newline, in UTF-16, compressed, or seen in parts by somebody who cuts first.

const CANARY = 'cAn/ary " é + \\ & space';

/** Written apart from the code under test, with what Node has. */
function spellingsOf(secret: string): Record<string, string> {
  const json = JSON.stringify(secret).slice(1, -1);
  const bytes = Buffer.from(secret, 'utf8');
  const escaped = Array.from(
    { length: secret.length },
    (_, at) => `\\u${secret.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
  const url = encodeURIComponent(secret);
  const names: Readonly<Record<string, string>> = {
    é: 'eacute',
    '/': 'sol',
    '+': 'plus',
    '"': 'quot',
    '&': 'amp',
  };
  const html = Array.from(secret, (char) => {
    const name = names[char];
    return name === undefined ? char : `&${name};`;
  }).join('');
  return {
    raw: secret,
    url,
    'url in lower case': url.replaceAll(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()),
    'every byte in URL encoding': Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(
      '',
    ),
    form: new URLSearchParams({ a: secret }).toString().slice(2),
    json,
    'json twice': JSON.stringify(json).slice(1, -1),
    'json three times': JSON.stringify(JSON.stringify(json).slice(1, -1)).slice(1, -1),
    'json with \\/': json.replaceAll('/', '\\/'),
    'json with \\/ twice': JSON.stringify(json.replaceAll('/', '\\/')).slice(1, -1),
    '\\uXXXX': escaped,
    '\\uXXXX in upper case': escaped.toUpperCase().replaceAll('\\U', '\\u'),
    html: secret.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`),
    'html names': secret
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;'),
    'html, every character by name that has one': html,
    hex: bytes.toString('hex'),
    'hex in upper case': bytes.toString('hex').toUpperCase(),
    'escaped for a URL as Latin-1': /^[\0-\xff]*$/.test(secret)
      ? Array.from(
          Buffer.from(secret, 'latin1'),
          (byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`,
        ).join('')
      : url,
  };
}

/** Base64 of the secret within other bytes, and the characters of it that the secret alone decides. */
function base64Of(
  secret: string,
  before: number,
  encoding: 'base64' | 'base64url',
): { whole: string; core: string } {
  const bytes = Buffer.from(secret, 'utf8');
  const whole = Buffer.concat([Buffer.alloc(before, 7), bytes, Buffer.alloc(5, 9)]).toString(encoding);
  const core = whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  return { whole, core };
}

const wellFormed = fc
  .string({ unit: 'binary', minLength: 8, maxLength: 40 })
  .filter((text) => !/\p{Surrogate}/u.test(text));

function redactorFor(secret: string): ReturnType<typeof createRedactor> | undefined {
  try {
    return createRedactor({ CANARY: secret });
  } catch {
    return undefined;
  }
}

describe('a secret', () => {
  it.each(Object.entries(spellingsOf(CANARY)))('is removed when spelled %s', (_, spelling) => {
    const redact = createRedactor({ TAU_TOKEN: CANARY });
    expect(redact(`{"note":"before ${spelling} after"}`)).toEqual({
      text: '{"note":"before [redacted:TAU_TOKEN] after"}',
      redactions: { TAU_TOKEN: 1 },
      presentBefore: {},
    });
  });

  it('is removed from base64 at any alignment', () => {
    const redact = createRedactor({ TAU_TOKEN: CANARY });
    for (const encoding of ['base64', 'base64url'] as const) {
      for (const before of [0, 1, 2, 3, 4, 5]) {
        const { whole, core } = base64Of(CANARY, before, encoding);
        const { text } = redact(`"${whole}"`);
        expect(text).toContain('[redacted:TAU_TOKEN]');
        expect(text).not.toContain(core);
      }
    }
  });

  it('is in no output, whatever it is, however it is spelled, wherever it stands', () => {
    fc.assert(
      fc.property(
        wellFormed,
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        (secret, a, b) => {
          const redact = redactorFor(secret);
          fc.pre(redact !== undefined);
          if (redact === undefined) return;
          for (const spelling of Object.values(spellingsOf(secret))) {
            const { text, redactions } = redact(a + spelling + b);
            expect(text.includes(spelling)).toBe(false);
            expect(redactions['CANARY'] ?? 0).toBeGreaterThanOrEqual(1);
          }
          for (const before of [0, 1, 2]) {
            const { whole, core } = base64Of(secret, before, 'base64');
            expect(redact(whole).text.includes(core)).toBe(false);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is removed once: redacting again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 8 }), (parts) => {
        const redact = createRedactor({ A: CANARY, B: 'second-secret' });
        const once = redact(parts.join(''));
        expect(redact(once.text).text).toBe(once.text);
      }),
      { numRuns: 300 },
    );
  });

  it('leaves no end where two secrets overlap', () => {
    const redact = createRedactor({ A: 'abcdefgh', B: 'efghijklmnop' });
    expect(redact('abcdefghijklmnop').text).toBe('[redacted:B]');
    expect(redact('aaaaaaaaa abcdefgh efghijklmnop').text).toBe('aaaaaaaaa [redacted:A] [redacted:B]');
  });

  it('is removed from bytes that are no UTF-8, and they stay as they were', () => {
    const redact = createRedactor({ A: CANARY });
    const { bytes } = redact.bytes(
      Buffer.concat([Buffer.from([0xff, 0xc3]), Buffer.from(CANARY), Buffer.from([0x80])]),
    );
    expect(Buffer.from(bytes)).toEqual(
      Buffer.concat([Buffer.from([0xff, 0xc3]), Buffer.from('[redacted:A]'), Buffer.from([0x80])]),
    );
  });

  it('is removed as Latin-1 too, as a header goes over the wire', () => {
    const redact = createRedactor({ A: CANARY });
    const raw = Buffer.from(CANARY, 'latin1');
    for (const said of [raw, Buffer.from(raw.toString('hex')), Buffer.from(raw.toString('base64'))]) {
      const { bytes, redactions } = redact.bytes(Buffer.concat([Buffer.from('x: '), said]));
      expect(redactions).toEqual({ A: 1 });
      expect(Buffer.from(bytes).toString('latin1')).toMatch(/^x: \[redacted:A\](?:[A-Za-z]=?)?$/);
    }
  });

  it('leaves no beginning where the source was cut', () => {
    const redact = createRedactor({ A: 'abcdefghijklmnop' });
    for (let cutAt = 1; cutAt < 16; cutAt += 1) {
      const source = Buffer.from(`${'x'.repeat(1000)}${'abcdefghijklmnop'.slice(0, cutAt)}`);
      const { bytes } = redact.bytes(source, { cut: true });
      expect(Buffer.from(bytes).toString()).toMatch(/^x{700,1000}$/);
    }
  });

  it('does not take long to look for, even where everything looks like it', () => {
    const redact = createRedactor({ A: '\\'.repeat(30) + 'end', B: '%'.repeat(40), C: 'aaaaaaaaaaaaaaab' });
    const began = performance.now();
    for (const unit of ['\\', '%25', 'a', 'token', '://', 'authorization: ', '\\"token\\":\\"']) {
      redact(unit.repeat(Math.floor(5_000 / unit.length)));
    }
    // Backtracking would not end; the figure only tells the two apart.
    expect(performance.now() - began).toBeLessThan(30_000);
  });
});

const FRAGMENTS = [
  CANARY,
  encodeURIComponent(CANARY),
  'second-secret',
  'second-',
  '[redacted:A]',
  '[redacted:token]',
  '"token":"',
  '"',
  ',',
  'Authorization: Bearer ',
  '\n',
  'https://user:pass@host/',
  'https://',
  '@',
  'password=',
  '&',
  '\\"api_key\\":\\"x\\"',
  'é',
  ' ',
];

describe('values that stand where secrets stand', () => {
  const redact = createRedactor({});
  const masked: readonly (readonly [string, string])[] = [
    ['{"token":"abc"}', '{"token":"[redacted:token]"}'],
    ['{"auth_token" : "a\\"b", "x":1}', '{"auth_token" : "[redacted:token]", "x":1}'],
    ['{"accessToken":"abc"}', '{"accessToken":"[redacted:token]"}'],
    ['{"clientsecret":"a\\\\","x":"y"}', '{"clientsecret":"[redacted:secret]","x":"y"}'],
    ['{"api_key":"abc","apiKey":"d"}', '{"api_key":"[redacted:api_key]","apiKey":"[redacted:api_key]"}'],
    ['{"password":"à, \u00a0x"}', '{"password":"[redacted:password]"}'],
    ['"{\\"token\\":\\"a\\\\\\"b\\"}"', '"{\\"token\\":\\"[redacted:token]\\"}"'],
    ['{"token":"cut off', '{"token":"[redacted:token]'],
    ['Authorization: Bearer abc.def\r\nHost: x', 'Authorization: [redacted:authorization]\r\nHost: x'],
    ['Set-Cookie: a=b; Secure', 'Set-Cookie: [redacted:cookie]'],
    ['Api key: abc', 'Api key: [redacted:api_key]'],
    ['X-Api-Key: abc', 'X-Api-Key: [redacted:api_key]'],
    ['{"curl":"-H Authorization: Basic YTpi"}', '{"curl":"-H Authorization: [redacted:authorization]"}'],
    ['GET /a?token=abc&b=1', 'GET /a?token=[redacted:token]&b=1'],
    ['TAU_TOKEN=abc --password="a b" c', 'TAU_TOKEN=[redacted:token] --password="[redacted:password]" c'],
    ['https://user:p@ss@host/x', 'https://[redacted:url_userinfo]@host/x'],
    ['https:\\/\\/tok@host', 'https:\\/\\/[redacted:url_userinfo]@host'],
    ['postgres://u:p@db', 'postgres://[redacted:url_userinfo]@db'],
  ];
  it.each(masked)('are masked in %s', (text, expected) => {
    expect(redact(text).text).toBe(expected);
  });

  const kept = [
    '{"mode":"token","token_count":5,"tokens":3,"token_type":"bearer","token_endpoint":"/x","tokenizer":"bpe"}',
    '{"auth_session_endpoint":"/gateway/auth/session","auth_bootstrap_endpoint":"/b","gateway_auth_mode":"token"}',
    '{"health_state":"healthy","rollout_gate":"pass","reason_code":"auth_token:missing","reason_codes":["a:token:b"]}',
    '{"reason_code_counts":{"auth_token_missing":1},"token":null,"password":true,"cookie":""}',
    'missing or invalid bearer token',
    'auth token required for token mode (set --auth-token or TAU_OPERATOR_TOKEN)',
    'ssh://git@host/repo and git@host:repo',
    'https://host/a@b',
  ];
  it.each(kept)('are not taken for others: %s', (text) => {
    expect(redact(text)).toEqual({ text, redactions: {}, presentBefore: {} });
  });

  it.each(['healthy', 'failing', 'sparse'])(
    "leave every byte of Tau's own answers as it was: %s",
    (scenario) => {
      const folder = join(import.meta.dirname, '../fixtures/tau', scenario);
      for (const file of ['gateway-status.json', 'cortex-status.json', 'operator-control-summary.stdout']) {
        const body = readFileSync(join(folder, file));
        expect(Buffer.compare(createRedactor({ TAU_TOKEN: CANARY }).bytes(body).bytes, body)).toBe(0);
      }
    },
  );

  it('count for the secret that stands there, if it is known', () => {
    const known = createRedactor({ TAU_TOKEN: 'known-secret' });
    expect(known('{"token":"known-secret","password":"other"}')).toEqual({
      text: '{"token":"[redacted:TAU_TOKEN]","password":"[redacted:password]"}',
      redactions: { TAU_TOKEN: 1, password: 1 },
      presentBefore: {},
    });
  });
});

describe('the counts', () => {
  it('tell our markers from those that came with the answer', () => {
    const redact = createRedactor({ A: 'known-secret' });
    expect(redact('[redacted:A] known-secret [redacted:constructor]')).toEqual({
      text: '[redacted:A] [redacted:A] [redacted:constructor]',
      redactions: { A: 1 },
      presentBefore: { A: 1, constructor: 1 },
    });
  });
});

describe('a secret that cannot be redacted', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['pass', 'secret_too_short'],
    ['1234567', 'secret_too_short'],
    ['degraded', 'secret_is_a_contract_word'],
    ['Rollout_Gate', 'secret_is_a_contract_word'],
    ['reason_c', 'secret_is_a_contract_word'],
    ['redacted', 'secret_is_a_contract_word'],
  ];
  it.each(refused)('%s is refused, naming the variable and not the value', (value, code) => {
    const create = (): unknown => createRedactor({ TAU_TOKEN: value });
    expect(create).toThrow(expect.objectContaining({ name: 'RedactionError', code, variable: 'TAU_TOKEN' }));
    expect(create).toThrow(/^TAU_TOKEN: [a-z 8]+$/);
  });

  it.each<[string, Record<string, string>, readonly string[], readonly string[]]>([
    [
      'the name of another one',
      { A_TOKEN: 'THE_PASSWORD', THE_PASSWORD: 'long-enough' },
      [],
      ['THE_PASSWORD'],
    ],
    ['its own name', { LONG_TOKEN: 'LONG_TOKEN' }, [], []],
    [
      'the name of one that comes later',
      { A_TOKEN: ':session', B_TOKEN: 'long-enough' },
      ['session'],
      ['B_TOKEN'],
    ],
    ['the name of one that is too short', { A_TOKEN: 'SHORT_ONE', SHORT_ONE: 'x' }, [], ['A_TOKEN']],
  ])('that is %s is left out of those that can be', (_, secrets, others, left) => {
    const found = redactable(secrets, others);
    expect(Object.keys(found)).toEqual(left);
    const later = Object.fromEntries(others.map((name) => [name, 'one-that-came-later']));
    expect(() => createRedactor({ ...found, ...later })).not.toThrow();
  });

  it('never keeps a worker from removing the others, also where its name came later', () => {
    const known = createKnownSecrets({ A_TOKEN: 'session-7', B_TOKEN: 'long-enough' });
    known.remember({ 'session-7': 'a-token-of-a-session' });
    expect(known.redact('long-enough a-token-of-a-session')).toBe('[redacted:B_TOKEN] [redacted:session-7]');
  });
});
