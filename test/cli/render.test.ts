import { describe, expect, it } from 'vitest';

import { concernLines } from '../../src/cli/render.js';
import type { Concern } from '../../src/domain/ownership.js';

const gate = (
  id: string,
  code: string,
  owners: readonly string[],
  relatedRunbooks: readonly string[] = [],
): Concern => ({
  kind: 'gate',
  id,
  code,
  owners,
  relatedRunbooks,
});

describe('whom to call', () => {
  it('is a line for each group of people, with the codes that are theirs, by gate', () => {
    expect(
      concernLines([
        gate('gateway', 'service_stopped', ['gateway-team (#gateway)'], ['gateway.md']),
        gate('summary', 'daemon:stopped', ['release-team']),
        gate('gateway', 'gate_not_expected', ['gateway-team (#gateway)'], ['gateway.md']),
        gate('summary', 'gateway:service_stopped', ['gateway-team (#gateway)'], ['gateway.md']),
      ]),
    ).toEqual([
      'gateway-team (#gateway), see gateway.md: gateway (service_stopped, gate_not_expected), summary (gateway:service_stopped)',
      'release-team: summary (daemon:stopped)',
    ]);
  });

  it('says where to look where the runbook names nobody, and nothing where it names neither', () => {
    expect(concernLines([gate('gateway', 'a', [], ['gateway.md']), gate('gateway', 'b', [])])).toEqual([
      'nobody is named, see gateway.md: gateway (a)',
    ]);
  });

  it('can’t move a terminal’s cursor', () => {
    expect(concernLines([gate('gateway', 'a\u001b[2J', ['team\u001b[1A'])])).toEqual([
      'team [1A: gateway (a [2J)',
    ]);
  });
});
