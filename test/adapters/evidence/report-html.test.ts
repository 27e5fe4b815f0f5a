// Proves that the page of a run is one that can be kept: well formed, with nothing in it that asks for anything, whatever
// the texts are that came from outside; and that it tells the whole run, as the Markdown does. How it looks is not proven.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { format } from 'prettier';
import { describe, expect, test } from 'vitest';

import { readReport } from '../../../src/adapters/evidence/report-model.js';
import { renderReportHtml } from '../../../src/adapters/evidence/report-html.js';
import { renderReport } from '../../../src/adapters/evidence/report.js';
import { MAX_ROWS } from '../../../src/adapters/evidence/report/document.js';
import { REPORT_STYLE } from '../../../src/adapters/evidence/report/style.js';
import { TIMELINE_ROWS } from '../../../src/adapters/evidence/report/layout-timeline.js';
import { sealRun } from '../../../src/adapters/evidence/seal.js';
import { RUN, type OpenedRun, testKey } from './opened-run.js';
import { openToldRun, type ToldRun } from './told-run.js';

const END = { end: 'rollback-acknowledged', reason: 'rollback-acknowledged' } as const;

const HOSTILE = `"'><img src=x onerror=alert(1)></style><script>alert(1)</script>&lt; \u202E\u200B `;

async function sealed(run: ToldRun): Promise<{ readonly html: string; readonly markdown: string }> {
  await sealRun(run.evidence, { run: RUN, ...END, head: run.head }, testKey);
  return {
    html: await readFile(join(run.path, 'report.html'), 'utf8'),
    markdown: await readFile(join(run.path, 'report.md'), 'utf8'),
  };
}

/** Every element's own name, as a browser would see it: what is text has its < escaped. */
function elementsOf(html: string): readonly string[] {
  return [...html.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name]) => (name ?? '').toLowerCase());
}

/** Tags with their attributes, without the head: there is the style. */
function tagsOf(html: string): readonly string[] {
  return [...html.slice(html.indexOf('<body>')).matchAll(/<[a-z][^>]*>/gi)].map(([tag]) => tag);
}

describe.each([
  { what: 'of plain texts', outside: '' },
  { what: 'of hostile texts', outside: HOSTILE },
])('a page $what', ({ outside }) => {
  test('is well formed', async () => {
    const { html } = await sealed(await openToldRun(outside));
    // An element that is not closed, or closed twice, is an error of this parser.
    await expect(format(html, { parser: 'html' })).resolves.toContain('</html>');
  });

  test('has no element and no attribute but its own', async () => {
    const { html } = await sealed(await openToldRun(outside));
    const own =
      'html head meta title style body header h1 p nav ul li a main section h2 h3 dl div dt dd table caption thead tbody tr th td code pre span strong';
    const foreign = elementsOf(html).filter((name) => !own.split(' ').includes(name));
    expect(foreign).toEqual([]);
    const attributes = tagsOf(html).filter((tag) => tag.includes(' '));
    for (const tag of attributes)
      expect(tag).toMatch(
        /^<(?:(?:p|strong|span|div) class="[a-z]+"|nav aria-label="Contents"|a href="#[a-z]+"|section aria-labelledby="[a-z]+"|h2 id="[a-z]+"|th scope="(?:col|row)")>$/,
      );
  });

  test('asks for nothing, and is forbidden to', async () => {
    const { html } = await sealed(await openToldRun(outside));
    expect(html).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    );
    expect(html).not.toMatch(/<script/i);
    expect(html).not.toMatch(/(?:src|href)\s*=\s*["']?(?!#)[a-z"'/]*(?:http|\/|data|java)/i);
    expect(REPORT_STYLE).not.toMatch(/url\(|@import|</);
  });

  test('has one main, one heading of the first level, and a heading to every row and column', async () => {
    const { html } = await sealed(await openToldRun(outside));
    const elements = elementsOf(html);
    const count = (name: string): number => elements.filter((each) => each === name).length;
    expect([count('h1'), count('main'), count('html'), count('style')]).toEqual([1, 1, 1, 1]);
    expect(html).toContain('<html lang="en">');
    const tables = html.match(/<table>.*?<\/table>/gs) ?? [];
    expect(tables.length).toBeGreaterThan(8);
    for (const table of tables) {
      expect(table).toMatch(/^<table>\n<caption>[^<]+<\/caption>\n<thead><tr><th scope="col">/);
      const [head, ...rows] = table.match(/<tr>.*?<\/tr>/gs) ?? [];
      const columns = head?.match(/<th scope="col">/g) ?? [];
      for (const row of rows) {
        expect(row.startsWith('<tr><th scope="row">')).toBe(true);
        expect(row.match(/<t[hd][ >]/g)).toHaveLength(columns.length);
      }
    }
    const named = [...html.matchAll(/<a href="#([a-z]+)">/g)].map(([, id]) => id);
    expect(named).toEqual([...html.matchAll(/<h2 id="([a-z]+)">/g)].map(([, id]) => id));
  });

  test('is sealed again byte for byte', async () => {
    const run = await openToldRun(outside);
    const first = await sealed(run);
    for (const name of ['manifest.json', 'attestations.intoto.jsonl']) await rm(join(run.path, name));
    expect(await sealed(run)).toEqual(first);
  });
});

/** What a reader of either finds, in its order. */
const TOLD = [
  'Serve version 2',
  'a'.repeat(40),
  'repeated_failing',
  'requester@example.org (asserted): the gateway leaks memory',
  '20260101T030405678Z-00000000 (rolled-back)',
  'the same commit was asked for again by name',
  'gateway team (#gateway)',
  'validation-2',
  'degraded/hold',
  'service_stopped: the gateway is stopped',
  'odd_code',
  'validation-1/gateway-status.json',
  'guardrail_checks_passing: the gateway lets a rollout go on',
  'tau-gateway --start',
  'by a person: restart the host',
  'as it stands in approval-1/subject.json',
  'approved',
  'Waived by the runbook: rollback could not run: gateway-stop: unreachable',
  'watch.window: 600000 → 900000',
  'SHA256:abcdef',
  'looks good to approver-a@example.org',
  'production: dddddddddddd → aaaaaaaaaaaa',
  '5 in all: 2 pass, 2 failing, 1 unreachable',
  '2, where 2 roll back',
  'deployment-revert, attempt 1: not verified (push_rejected): production at attempt 1',
  'git push origin HEAD:refs/heads/attempt-2',
  'promote validate --target t',
  'it fails',
  'stranger@example.org',
  'not_an_approver',
  'run.ended',
];

/** What a page says, without how. */
function textOf(html: string): string {
  const text = html.replaceAll(/<\/?(?:strong|code|span)[^>]*>/g, '').replaceAll(/<[^>]*>/g, '\n');
  return text
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

describe('both reports', () => {
  test('tell the whole run, in the same order', async () => {
    const { html, markdown } = await sealed(await openToldRun());
    for (const text of [textOf(html), markdown.replaceAll('**', '').replaceAll(/\\(.)/g, '$1')]) {
      let at = 0;
      for (const said of TOLD) {
        expect(text.slice(at), said).toContain(said);
        at = text.indexOf(said, at);
      }
      const left = text.slice(
        text.indexOf('Left to do by hand'),
        text.indexOf('run the whole runbook again: no'),
      );
      expect(left).not.toContain('attempt-1');
      expect(text).not.toContain('"long"');
    }
  });

  test('show what is not seen, and leave nothing of it', async () => {
    const { html, markdown } = await sealed(await openToldRun(HOSTILE));
    for (const text of [html, markdown]) {
      expect(text).toMatch(/\[U\+202E\]/);
      expect(text).not.toMatch(/(?![\n ])[\p{C}\p{Z}]/u);
    }
    expect(html).toContain('&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;&lt;/style&gt;&lt;script&gt;');
    // What would be markup outside of a block of commands.
    const prose = markdown.split('\n').filter((line) => !line.startsWith('    '));
    expect(prose.join('\n')).not.toMatch(/(?<!\\)(?:<|&|!\[|\]\()/);
  });

  test('end a long journal with where the rest is', async () => {
    const { evidence, known } = await openToldRun();
    const entry = { seq: 1, at: '2026-01-02T03:04:05.678Z', kind: 'k', body: {} };
    const entries = Array.from({ length: TIMELINE_ROWS + 7 }, () => entry);
    const report = await readReport(evidence, await known(), END, entries);
    expect(renderReport(report).match(/^\| 2026/gm)).toHaveLength(TIMELINE_ROWS);
    expect(renderReport(report)).toContain('and 7 more in journal.jsonl');
    expect(renderReportHtml(report)).toContain('and 7 more in journal.jsonl');
  });

  test('end a long list with where the rest is', async () => {
    const { evidence, known } = await openToldRun();
    const body = { step: 's', attempt: 1, verified: true, code: 'verified', detail: '', byHand: [] };
    const entry = { seq: 1, at: '2026-01-02T03:04:05.678Z', kind: 'rollback-step', body };
    const report = await readReport(
      evidence,
      await known(),
      END,
      Array.from({ length: MAX_ROWS + 7 }, () => entry),
    );
    expect(renderReport(report).match(/^- 2026.*verified/gm)).toHaveLength(MAX_ROWS);
    expect(renderReport(report)).toContain('and 7 more in journal.jsonl');
  });

  test('cut a text that nobody reads to its end', async () => {
    const { evidence, known } = await openToldRun();
    const body = { detail: 'x'.repeat(100_000) };
    const entries = [{ seq: 1, at: '2026-01-02T03:04:05.678Z', kind: 'k', body }];
    const report = await readReport(evidence, await known(), END, entries);
    expect(renderReport(report).length).toBeLessThan(10_000);
    expect(renderReportHtml(report)).toMatch(/x{1000}…</);
  });

  test.each<{ file: string; says: string }>([
    { file: 'validation-1/gateway-status.outcome.json', says: 'its outcome is not of its form' },
    { file: 'approval-1/changes.json', says: 'approval-1/changes.json is not of its form' },
    { file: 'approval-1/subject.json', says: 'the subject can’t be read' },
    { file: 'watch/00000003.json', says: 'see the files in watch/' },
  ])('say so where $file can’t be read', async ({ file, says }) => {
    const run = await openToldRun();
    await writeFile(join(run.path, file), '{"torn":');
    expect((await sealed(run)).html).toContain(says);
  });

  test('say so where a decision’s statement is not what its receipt is of', async () => {
    const run = await openToldRun();
    for (const file of await decisionsOf(run)) await writeFile(join(run.path, file), '{}');
    const { html } = await sealed(run);
    expect(html.match(/the statement is not what its receipt was given for/g)).toHaveLength(2);
  });
});

async function decisionsOf({ store, folder }: OpenedRun): Promise<readonly string[]> {
  const files = await store.list(folder, 'approval-1/decision-');
  return files.filter((file) => file.endsWith('.statement.json'));
}

describe('the colours of the page', () => {
  const [light = '', dark = ''] = [...REPORT_STYLE.matchAll(/:root \{[^}]*\}/g)].map(([rule]) => rule);

  test.each([
    { scheme: 'light', of: colours(light) },
    { scheme: 'dark', of: colours(dark) },
  ])('have a contrast of 4.5 and more ($scheme)', ({ of }) => {
    for (const text of ['ink', 'quiet', 'link', 'good', 'bad', 'doubtful'])
      for (const ground of ['paper', 'raised'])
        expect(contrast(of.get(text) ?? '', of.get(ground) ?? ''), `${text} on ${ground}`).toBeGreaterThan(
          4.5,
        );
  });
});

/** Of a rule of the style, by name. */
function colours(css: string): ReadonlyMap<string, string> {
  const found = [...css.matchAll(/--([a-z]+): (#[0-9a-f]{6})/g)];
  return new Map(found.map(([, name = '', value = '']) => [name, value]));
}

/** WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [brighter = 0, darker = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (brighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
