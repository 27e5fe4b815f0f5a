import { shownText, visibleText } from '../../domain/text.js';
import type { Report } from './report-model.js';
import { MAX_TEXT } from './report/document.js';
import type {
  Block,
  Cell,
  Fact,
  Item,
  Part,
  ReportDocument,
  Section,
  Span,
  Text,
} from './report/document.js';
import { layOut } from './report/layout.js';
import { REPORT_STYLE } from './report/style.js';

/**
 * What happened, for a person, as one page that asks for nothing: no script, no address, its style in it. It is read as well
 * on paper, and a year later. Text that came from outside is text and never an attribute.
 */
export function renderReportHtml(report: Report): string {
  return page(layOut(report));
}

function page({ title, lead, sections }: ReportDocument): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${shown(title)}</title>`,
    `<style>${REPORT_STYLE}</style>`,
    '</head>',
    '<body>',
    '<header>',
    `<h1>${shown(title)}</h1>`,
    `<p class="lead">${inline(lead)}</p>`,
    '</header>',
    '<nav aria-label="Contents">',
    '<ul>',
    ...sections.map(({ id, title }) => `<li><a href="#${id}">${shown(title)}</a></li>`),
    '</ul>',
    '</nav>',
    '<main>',
    ...sections.flatMap(sectionLines),
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function sectionLines({ id, title, blocks, parts }: Section): readonly string[] {
  return [
    `<section aria-labelledby="${id}">`,
    `<h2 id="${id}">${shown(title)}</h2>`,
    ...blocks.flatMap(blockLines),
    ...parts.flatMap(partLines),
    '</section>',
  ];
}

function partLines({ title, blocks }: Part): readonly string[] {
  return [`<h3>${shown(title)}</h3>`, ...blocks.flatMap(blockLines)];
}

function blockLines(block: Block): readonly string[] {
  switch (block.kind) {
    case 'paragraph':
      return [`<p>${inline(block.text)}</p>`];
    case 'facts':
      return ['<dl>', ...block.facts.map(factLine), '</dl>'];
    case 'list':
      return ['<ul>', ...block.items.map(itemLine), '</ul>'];
    case 'table':
      return tableLines(block.caption, block.columns, block.rows);
    case 'commands':
      return [`<pre><code>${block.lines.map(command).join('\n')}</code></pre>`];
    default:
      return block satisfies never;
  }
}

function factLine({ label, value, below }: Fact): string {
  return `<div><dt>${shown(label)}</dt><dd>${inline(value)}${nested(below)}</dd></div>`;
}

function itemLine({ text, below }: Item): string {
  return `<li>${inline(text)}${nested(below)}</li>`;
}

function nested(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `<ul>${lines.map((line) => `<li>${shown(line)}</li>`).join('')}</ul>`;
}

function tableLines(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  return [
    '<div class="wide">',
    '<table>',
    `<caption>${shown(caption)}</caption>`,
    `<thead><tr>${columns.map((column) => `<th scope="col">${shown(column)}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...rows.map(rowLine),
    '</tbody>',
    '</table>',
    '</div>',
  ];
}

function rowLine([heading, ...cells]: readonly Cell[]): string {
  const first = heading === undefined ? '' : `<th scope="row">${cellHtml(heading)}</th>`;
  return `<tr>${first}${cells.map((cell) => `<td>${cellHtml(cell)}</td>`).join('')}</tr>`;
}

function cellHtml(cell: Cell): string {
  if (typeof cell === 'string' || !('lines' in cell)) return inline(cell);
  return cell.lines.map((line) => `<p>${inline(line)}</p>`).join('');
}

function inline(text: Text): string {
  return typeof text === 'string' ? shown(text) : text.map(spanHtml).join('');
}

function spanHtml(span: Span): string {
  if (typeof span === 'string') return shown(span);
  const text = shown(span.text);
  switch (span.as) {
    case 'name':
      return `<code>${text}</code>`;
    case 'whole':
      return `<span class="whole">${text}</span>`;
    case 'good':
    case 'bad':
    case 'doubtful':
      return `<strong class="${span.as}">${text}</strong>`;
    default:
      return span.as satisfies never;
  }
}

function command(line: string): string {
  return line
    .split('\n')
    .map((part) => escapeHtml(visibleText(part)))
    .join('\n');
}

function shown(text: string): string {
  return escapeHtml(shownText(text, MAX_TEXT));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
