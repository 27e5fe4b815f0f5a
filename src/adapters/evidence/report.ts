import { shownText, visibleText } from '../../domain/text.js';
import type { Report } from './report-model.js';
import { MAX_TEXT } from './report/document.js';
import type { Block, Cell, Fact, Item, ReportDocument, Section, Span, Text } from './report/document.js';
import { layOut } from './report/layout.js';

/** What happened, for a person, as Markdown. Text that came from outside stays text. */
export function renderReport(report: Report): string {
  return renderMarkdown(layOut(report));
}

/** Headings are never empty; a block is followed by an empty line. */
function renderMarkdown({ title, lead, sections }: ReportDocument): string {
  return [`# ${plain(title)}`, '', inline(lead), '', ...sections.flatMap(sectionLines)].join('\n');
}

function sectionLines({ title, blocks, parts }: Section): readonly string[] {
  return [
    `## ${plain(title)}`,
    '',
    ...blocks.flatMap(blockLines),
    ...parts.flatMap((part) => [`### ${plain(part.title)}`, '', ...part.blocks.flatMap(blockLines)]),
  ];
}

function blockLines(block: Block): readonly string[] {
  switch (block.kind) {
    case 'paragraph':
      return [inline(block.text), ''];
    case 'facts':
      return [...block.facts.flatMap(factLines), ''];
    case 'list':
      return [...block.items.flatMap(itemLines), ''];
    case 'table':
      return [`${plain(block.caption)}:`, '', ...tableLines(block.columns, block.rows), ''];
    case 'commands':
      return [...indented(block.lines), ''];
    default:
      return block satisfies never;
  }
}

function factLines({ label, value, below }: Fact): readonly string[] {
  return [`- ${plain(label)}: ${inline(value)}`, ...nested(below)];
}

function itemLines({ text, below }: Item): readonly string[] {
  return [`- ${inline(text)}`, ...nested(below)];
}

function nested(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  - ${plain(line)}`);
}

function tableLines(columns: readonly string[], rows: readonly (readonly Cell[])[]): readonly string[] {
  return [
    rowLine(columns.map(plain)),
    `|${'---|'.repeat(columns.length)}`,
    ...rows.map((row) => rowLine(row.map(cellText))),
  ];
}

function rowLine(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function cellText(cell: Cell): string {
  return typeof cell === 'object' && 'lines' in cell ? cell.lines.map(inline).join('; ') : inline(cell);
}

/** Commands are copied as they are: indented, so that nothing in them is markup. */
function indented(commands: readonly string[]): readonly string[] {
  return commands.flatMap((command) => command.split('\n')).map((line) => `    ${visibleText(line)}`);
}

function inline(text: Text): string {
  return typeof text === 'string' ? plain(text) : text.map(spanText).join('');
}

function spanText(span: Span): string {
  if (typeof span === 'string') return plain(span);
  const text = plain(span.text);
  switch (span.as) {
    case 'name':
    case 'whole':
      return text;
    case 'good':
    case 'bad':
    case 'doubtful':
      return `**${text}**`;
    default:
      return span.as satisfies never;
  }
}

const MARKUP = /[\\`*_{}[\]<>#|!&~]/g;

function plain(text: string): string {
  return shownText(text, MAX_TEXT).replaceAll(MARKUP, String.raw`\$&`);
}
