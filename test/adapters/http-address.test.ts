import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import {
  checkUrl,
  isLinkLocal,
  leadsToLinkLocal,
  lookupWithoutLinkLocal,
  shownUrl,
} from '../../src/adapters/http-address.js';

const ALLOWED = ['http://127.0.0.1:8791', 'https://tau.example.org'];

describe('a URL that may be asked', () => {
  it.each([
    'http://127.0.0.1:8791/gateway/status',
    'http://2130706433:8791/',
    'http://0x7f.1:8791/',
    'http://①②⑦.0.0.1:8791/',
    'https://TAU.example.org:443/x?y=1',
  ])('%s', (url) => {
    expect(checkUrl(url, ALLOWED).kind).toBe('ok');
  });
});

describe('a URL that may not be asked', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['', 'http_bad_url'],
    ['not a url', 'http_bad_url'],
    ['file:///etc/passwd', 'http_bad_url'],
    ['http://user@127.0.0.1:8791/', 'http_userinfo'],
    ['http://127.0.0.1:8791@evil.example/', 'http_userinfo'],
    ['http://127.0.0.1:8792/', 'http_origin_not_allowed'],
    ['https://127.0.0.1:8791/', 'http_origin_not_allowed'],
    ['https://tau.example.org.evil.example/', 'http_origin_not_allowed'],
    ['http://[::1]:8791/', 'http_origin_not_allowed'],
  ];
  it.each(refused)('%s is %s', (url, code) => {
    expect(checkUrl(url, ALLOWED)).toEqual({ kind: 'refused', code });
  });

  it.each([
    'http://169.254.169.254/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0xa9.0xfe.1/',
    'http://0251.0376.0.1/',
    'http://①⑥⑨.254.0.1/',
    'http://[fe80::1]/',
    'http://[febf::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[2002:a9fe:a9fe::1]/',
  ])('%s is link-local, allowed or not', (url) => {
    expect(checkUrl(url, [new URL(url).origin])).toEqual({ kind: 'refused', code: 'http_bad_host' });
  });
});

const addresses = (...all: string[]): LookupAddress[] =>
  all.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

describe('names', () => {
  it('are refused if any of their addresses is link-local', () => {
    expect(leadsToLinkLocal(addresses('10.0.0.1', '169.254.169.254'))).toBe(true);
    expect(leadsToLinkLocal(addresses('fe80::1%eth0'))).toBe(true);
    expect(leadsToLinkLocal(addresses('127.0.0.1', '::1'))).toBe(false);
  });

  it('are resolved as the system does', async () => {
    const found = await new Promise((settle) => {
      lookupWithoutLinkLocal('localhost', { family: 4 }, (error, address, family) =>
        settle([error, address, family]),
      );
    });
    expect(found).toEqual([null, '127.0.0.1', 4]);
  });

  it('are not mistaken for addresses', () => {
    expect(isLinkLocal('169.254.example.org')).toBe(false);
    expect(isLinkLocal('fe80.example.org')).toBe(false);
  });
});

describe('a URL as people see it', () => {
  it('holds no user, password, query or fragment', () => {
    expect(shownUrl('http://u:p@h:1/a?token=b#c')).toBe('http://h:1/a?…');
    expect(shownUrl('http://[')).toBe('an unreadable URL');
  });
});
