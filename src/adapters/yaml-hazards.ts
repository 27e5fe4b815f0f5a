import { CST, Lexer } from 'yaml';

/** Where in a text: an offset in UTF-16 units, and what is wrong there. */
export interface Hazard {
  readonly offset: number;
  readonly message: string;
}

const MAX_BYTES = 64 * 1024;
const MAX_FLOW_DEPTH = 32;
const MAX_INDENT = 64;
const MAX_CHAIN = 16;

/**
 * The first thing in a text that must not reach the YAML parser, or undefined. Measured (docs/reference/security.md,
 * "YAML"): `[` × 900 aborted the whole process, `? ` × 500 took 22 s. Depth is counted in the tokens of the parser's
 * own lexer, which does not recurse, so that a bracket counts here exactly where it counts there.
 */
export function findHazard(text: string): Hazard | undefined {
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes > MAX_BYTES)
    return { offset: 0, message: `has ${bytes} bytes; at most ${MAX_BYTES} are read: shorten it` };
  const forbidden = FORBIDDEN.exec(text);
  if (forbidden !== null) {
    const code = (forbidden[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return {
      offset: forbidden.index,
      message: `holds the character U+${code}, which no YAML file needs: take it out`,
    };
  }
  return hazardInTokens(text);
}

/** Control characters but tab and line ends, byte order marks, and halves of surrogate pairs. */
// oxlint-disable-next-line eslint/no-control-regex -- control characters are what it looks for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufeff\p{Surrogate}]/u;

function hazardInTokens(text: string): Hazard | undefined {
  let offset = 0;
  let flowDepth = 0;
  let chain = 0;
  let atLineStart = true;
  let nextIsScalar = false;
  for (const token of new Lexer().lex(text)) {
    if (nextIsScalar) {
      nextIsScalar = false;
      offset += token.length;
      chain = 0;
      // A block scalar ends with its line.
      atLineStart = token.endsWith('\n');
      continue;
    }
    const type: string = CST.tokenType(token) ?? 'unknown';
    if (token === CST.DOCUMENT || token === CST.FLOW_END || token === CST.SCALAR) {
      // Marks of the lexer's own, which are not in the text.
      nextIsScalar = token === CST.SCALAR;
      if (token === CST.FLOW_END) flowDepth = 0;
      continue;
    }
    switch (type) {
      case 'flow-map-start':
      case 'flow-seq-start':
        flowDepth += 1;
        chain = 0;
        if (flowDepth > MAX_FLOW_DEPTH)
          return { offset, message: `nests over ${MAX_FLOW_DEPTH} levels of [ or {: flatten it` };
        break;
      case 'flow-map-end':
      case 'flow-seq-end':
        flowDepth = Math.max(0, flowDepth - 1);
        chain = 0;
        break;
      case 'seq-item-ind':
      case 'explicit-key-ind':
      case 'map-value-ind':
        chain += 1;
        if (chain > MAX_CHAIN)
          return { offset, message: `strings together over ${MAX_CHAIN} of "-", "?" and ":": flatten it` };
        break;
      case 'space':
        if (atLineStart && token.length > MAX_INDENT) {
          return { offset, message: `is indented by over ${MAX_INDENT} columns: flatten it` };
        }
        break;
      case 'directive-line':
        return {
          offset,
          message: 'holds a directive (%…); YAML 1.2 without directives is read: take it out',
        };
      case 'alias':
        return { offset, message: `uses the alias ${token}; write the value out instead` };
      case 'anchor':
        return { offset, message: `names the anchor ${token}, to which nothing may refer; take it out` };
      case 'tag':
        return { offset, message: `has the tag ${token}; take it out: quotes make a text` };
      case 'newline':
      case 'comment':
        break;
      default:
        chain = 0;
    }
    atLineStart = type === 'newline';
    offset += token.length;
  }
  return undefined;
}
