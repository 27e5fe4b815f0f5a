import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

/**
 * Proves, with Prometheus' own promtool, that the alert rules are rules and that each alert comes when it should and not
 * otherwise; and that whoever is called finds what to do. That a worker gives these figures is shown by
 * test/worker/sight.server-test.ts.
 */
const root = join(import.meta.dirname, '..', '..');
const monitoring = join(root, 'monitoring');

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.strictObject({ summary: z.string().min(1), runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const { groups } = rulesSchema.parse(parse(readFileSync(join(monitoring, 'alerts.yml'), 'utf8')));
const rules = groups.flatMap((group) => group.rules);

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { cwd: monitoring, encoding: 'utf8' });
}

// The first time it may have to be fetched.
test(
  'promtool finds the rules and the configuration sound, and every case right',
  { timeout: 120_000 },
  () => {
    const promtool = run(process.execPath, join(root, 'scripts/promtool.mjs')).trim();
    expect(run(promtool, 'check', 'config', 'prometheus.yml')).toContain(`${rules.length} rules found`);
    const tested = run(promtool, 'test', 'rules', 'alerts.test.yml', 'alerts-over-days.test.yml');
    expect(tested.match(/SUCCESS/g)).toHaveLength(2);
  },
);

describe('whoever is called', () => {
  const page = readFileSync(join(root, 'docs/how-to/when-an-alert-fires.md'), 'utf8');
  const cases = readFileSync(join(monitoring, 'alerts.test.yml'), 'utf8');

  test.each(rules)('finds what $alert means, and it was seen to fire', ({ alert, annotations }) => {
    expect(page).toContain(`\n## ${alert}\n`);
    expect(annotations.runbook).toBe(`docs/how-to/when-an-alert-fires.md#${alert.toLowerCase()}`);
    expect(cases).toMatch(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n`));
  });

  test('finds no section about an alert that is gone', () => {
    const sections = Array.from(page.matchAll(/^## (\w+)$/gm), ([, name]) => name);
    expect(sections).toEqual(rules.map(({ alert }) => alert));
  });

  test('finds every figure of ours in the reference', () => {
    const reference = readFileSync(join(root, 'docs/reference/metrics.md'), 'utf8');
    const used = rules.flatMap(({ expr }) => expr.match(/promote_\w+/g) ?? []);
    expect(used).not.toEqual([]);
    for (const name of new Set(used)) expect(reference).toContain(`\`${name}\``);
  });
});
