// Proves that the catalogue has each code once and says something of it. That everything which emits a code of ours is typed
// by it, the compiler proves; unions that stand elsewhere are compared with it below, by the compiler too.
import { describe, expect, it } from 'vitest';

import type { DecisionRefusal } from '../../../src/domain/approval.js';
import {
  OWN_REASON_CODES,
  ownReasonCode,
  type OwnReasonCode,
} from '../../../src/domain/reason-codes/catalogue.js';
import type { ReasonCodeEntry } from '../../../src/domain/reason-codes/entry.js';
import { DECISION_CODES, TRIGGER_CODES } from '../../../src/domain/reason-codes/rules.js';
import { SIGNATURE_CODES } from '../../../src/domain/reason-codes/signatures.js';
import type { SignatureRefusal } from '../../../src/domain/signing.js';
import type { TriggerCode } from '../../../src/domain/triggers.js';

const triggers: Readonly<Record<TriggerCode, ReasonCodeEntry>> = TRIGGER_CODES;
const decisions: Readonly<Record<Exclude<DecisionRefusal, SignatureRefusal>, ReasonCodeEntry>> =
  DECISION_CODES;
const signatures: Readonly<Record<SignatureRefusal, ReasonCodeEntry>> = SIGNATURE_CODES;
const all = OWN_REASON_CODES.flatMap(({ codes }) => Object.entries<ReasonCodeEntry>(codes));

describe('the catalogue of our codes', () => {
  it('has every code once', () => {
    const names = all.map(([code]) => code);
    expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
  });

  it.each([...Object.keys(triggers), ...Object.keys(decisions), ...Object.keys(signatures)])(
    'knows %s',
    (code) => {
      expect(ownReasonCode(code)?.owner).toBe('promote');
    },
  );

  it.each(all)('says of %s in half a sentence what it means', (_, { means, todo, repair }) => {
    expect(means).toMatch(/^[^|.]{8,110}$/);
    expect(todo).toMatch(/^[^|]{0,110}[^.|]$|^$/);
    expect([undefined, 'manual']).toContain(repair);
  });

  const FAMILIES: readonly (readonly [code: OwnReasonCode, entryOf: string])[] = [
    ['http_status_418', 'http_status_4xx'],
    ['http_status_503', 'http_status_5xx'],
    ['http_status_204', 'http_status_2xx'],
    ['exit_code_0', 'exit_code_*'],
    ['http_status_999', 'http_status_other'],
    ['http_status_100', 'http_status_other'],
    ['tls_cert_has_expired', 'tls_*'],
  ];
  it.each(FAMILIES)('gives %s the entry of %s', (code, family) => {
    expect(ownReasonCode(code)).toBe(ownReasonCode(family));
    expect(ownReasonCode(code)).toBeDefined();
  });

  it.each(['http_status_401', 'http_status_403', 'http_status_404', 'http_status_408', 'http_status_425'])(
    'has a line of its own for %s',
    (code) => {
      expect(ownReasonCode(code)).not.toBe(ownReasonCode('http_status_4xx'));
    },
  );

  it.each([
    '',
    'nonsense',
    'http_status_',
    'http_status_5000',
    'http_status_000',
    'tls_',
    'toString',
    '__proto__',
  ])('knows no code %j', (code) => {
    expect(ownReasonCode(code)).toBeUndefined();
  });
});
