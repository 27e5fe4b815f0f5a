import { isScalar, visit, type Document, type ErrorCode, type YAMLError } from 'yaml';

/** Where in a text: an offset in UTF-16 units, and what is wrong there, with what to do. */
export interface Mistake {
  readonly offset: number;
  readonly message: string;
}

/**
 * What the YAML parser found, for a person. After a mistake of structure it reads on as it can, and what it says then is
 * about that mistake too: so nothing is told after the first of them.
 */
export function mistakesIn(document: Document, text: string): readonly Mistake[] {
  const found = [...document.errors, ...document.warnings];
  const structural = found.findIndex(({ code }) => !LOCAL.has(code));
  const told = structural === -1 ? found : found.slice(0, structural + 1);
  return told.map((error) => {
    const offset = offsetOf(error, document);
    return { offset, message: messageOf(error, text.slice(offset)) };
  });
}

const LOCAL: ReadonlySet<ErrorCode> = new Set(['DUPLICATE_KEY', 'NON_STRING_KEY', 'TAG_RESOLVE_FAILED']);

function messageOf({ code, message }: YAMLError, rest: string): string {
  switch (code) {
    case 'DUPLICATE_KEY': {
      const [key = ''] = /^[^\s:]{1,64}/.exec(rest) ?? [];
      return `the key ${key} stands twice in this map; keep one of them`;
    }
    case 'NON_STRING_KEY':
      return 'a key is no text; write a word as the key';
    case 'TAB_AS_INDENT':
      return 'a tab indents this line; indent with spaces';
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; write one document a file';
    case 'BAD_SCALAR_START':
    case 'BAD_DQ_ESCAPE':
      return `${message}; put the value in single quotes`;
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return 'a key or list stands where one value belongs; put the value in quotes, or indent what is below its key';
    case 'BAD_INDENT': {
      const [, bracket] = /end with a ([\]}])/.exec(message) ?? [];
      return bracket === undefined
        ? 'this key stands in a column of its own; line it up with the keys of its map'
        : `a bracket that was opened before is not closed here; close it with ${bracket}`;
    }
    case 'MISSING_CHAR':
      if (/closing/.test(message)) return 'a quote is opened here and never closed; close it';
      return /Sequence item/.test(message)
        ? 'stands among the items of a list; begin an item with "- ", or line it up with its map'
        : `${message}; check colons and indentation`;
    case 'ALIAS_PROPS':
    case 'BAD_ALIAS':
    case 'BAD_COLLECTION_TYPE':
    case 'BAD_DIRECTIVE':
    case 'BAD_PROP_ORDER':
    case 'BLOCK_IN_FLOW':
    case 'IMPOSSIBLE':
    case 'KEY_OVER_1024_CHARS':
    case 'MULTIPLE_ANCHORS':
    case 'MULTIPLE_TAGS':
    case 'RESOURCE_EXHAUSTION':
    case 'TAG_RESOLVE_FAILED':
    case 'UNEXPECTED_TOKEN':
    default:
      return `${message}; check quotes, brackets and indentation`;
  }
}

/** The parser tells of an open quote where the text ends; a person looks for where it begins. */
function offsetOf({ code, message, pos }: YAMLError, document: Document): number {
  let offset = pos[0];
  if (code !== 'MISSING_CHAR' || !message.includes('closing')) return offset;
  visit(document, {
    Scalar(_, { range }) {
      if (range !== undefined && range !== null && range[0] < pos[0] && pos[0] <= range[1]) offset = range[0];
    },
  });
  return offset;
}

/** An own key from the parser, but dangerous once somebody copies the object. */
export function forbiddenKeys(document: Document): readonly Mistake[] {
  const found: Mistake[] = [];
  visit(document, {
    Pair(_, pair) {
      if (isScalar(pair.key) && pair.key.value === '__proto__')
        found.push({
          offset: pair.key.range?.[0] ?? 0,
          message: 'the key "__proto__" is not allowed; take it out',
        });
    },
  });
  return found;
}
