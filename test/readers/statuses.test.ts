import { describe, expect, it } from 'vitest';

import { readExitCode, type ExitCodes } from '../../src/readers/exit-code.js';
import { readHttpStatus } from '../../src/readers/http-status.js';

describe('an exit code', () => {
  it('0 passes, and is its own reason', () => {
    expect(readExitCode(0)).toMatchObject({
      kind: 'answered',
      posture: { health: 'healthy', gate: 'pass', reasonCodes: ['exit_code_0'] },
    });
  });

  const CODES: ExitCodes = {
    '0': { health: 'healthy', gate: 'pass' },
    '1': { health: 'failing', gate: 'hold', reasonCodes: ['queue_stuck'] },
    '2': { health: 'healthy', gate: 'pass' },
  };

  it('that the runbook maps means what it says, with its own code first', () => {
    expect(readExitCode(1, CODES)).toMatchObject({
      posture: { health: 'failing', gate: 'hold', reasonCodes: ['exit_code_1', 'queue_stuck'] },
    });
  });

  it.each([1, 2, 126, 127, 137])('%i has no meaning of its own', (code) => {
    expect(readExitCode(code)).toBeUndefined();
  });

  it('2 is a usage error, whatever is mapped', () => {
    expect(readExitCode(2, CODES)).toBeUndefined();
  });
});

describe('an HTTP status', () => {
  it.each([200, 204, 299])('%i passes, and is its own reason', (status) => {
    expect(readHttpStatus(status)).toMatchObject({
      posture: { health: 'healthy', gate: 'pass', reasonCodes: [`http_status_${status}`] },
    });
  });

  it.each([undefined, 0, 199, 300, 404, 500])('%s is never a pass', (status) => {
    expect(readHttpStatus(status).kind).toBe('malformed');
  });
});
