import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import ts from 'typescript';
import { expect, test } from 'vitest';

import { root } from '../support/stage.js';

/** It sets what all of them shall find. */
const MEANT = 'stack-traces.ts';

test('what all promotions of a worker share holds nothing that changes', async () => {
  const modules = await modulesOf('workflows', 'src/domain');
  expect(modules.length).toBeGreaterThan(40);
  const found = await Promise.all(
    modules.map(async (file) => changeable(await readFile(file, 'utf8')).map((text) => ({ file, text }))),
  );
  expect(found.flat()).toEqual([]);
});

test.each([
  'let seen = 0;',
  'export const seen: Map<string, () => void> = new Map();',
  'const seen = {} as Record<string, string>;',
  'const seen: string[] = [];',
  "const last = { run: '' };",
  'const last = { seen: new Map() } as const;',
  'const [a, b] = [new Map(), new Set()];',
  'const word = /a/g;',
  'const word = text(/a/y);',
  'class Seen { static last = 0 }',
  'class Seen { static { } }',
  'export default new Map();',
  'seen.last = 0;',
])('%s would be found', (code) => {
  expect(changeable(code)).toHaveLength(1);
});

/** What stands at the top of a module and could be written to. What a function returns is taken for a value. */
function changeable(code: string): readonly string[] {
  const source = ts.createSourceFile('module.ts', code, ts.ScriptTarget.Latest, true);
  return source.statements.filter(mayChange).map((statement) => statement.getText());
}

function mayChange(statement: ts.Statement): boolean {
  return isWritable(statement) || holds(statement, isStateful);
}

function isWritable(statement: ts.Statement): boolean {
  if (ts.isExpressionStatement(statement)) return true;
  if (!ts.isVariableStatement(statement)) return false;
  const { flags, declarations } = statement.declarationList;
  if ((flags & ts.NodeFlags.Const) === 0) return true;
  return declarations.some(
    ({ type, initializer }) =>
      !/^readonly\b|^Readonly/.test(type?.getText() ?? '') &&
      (initializer === undefined || isLiteral(initializer)),
  );
}

function isLiteral(value: ts.Expression): boolean {
  if (ts.isSatisfiesExpression(value)) return isLiteral(value.expression);
  if (ts.isAsExpression(value)) return value.type.getText() !== 'const';
  return ts.isObjectLiteralExpression(value) || ts.isArrayLiteralExpression(value);
}

/** In what is done when the module is loaded: not in the bodies of its functions, nor in what each object has of its own. */
function holds(node: ts.Node, isFound: (node: ts.Node) => boolean): boolean {
  if (isFound(node)) return true;
  if (ts.isFunctionLike(node) || ts.isPropertyDeclaration(node)) return false;
  return ts.forEachChild(node, (child) => holds(child, isFound)) ?? false;
}

function isStateful(node: ts.Node): boolean {
  // It remembers where it found something.
  if (ts.isRegularExpressionLiteral(node)) return /[gy][a-z]*$/.test(node.text.replace(/^.*\//s, ''));
  if (ts.isPropertyDeclaration(node)) return has(node, ts.SyntaxKind.StaticKeyword);
  if (ts.isNewExpression(node))
    return !(
      ts.isVariableDeclaration(node.parent) && /^Readonly(?:Map|Set)</.test(node.parent.type?.getText() ?? '')
    );
  return ts.isClassStaticBlockDeclaration(node);
}

function has(member: ts.PropertyDeclaration, kind: ts.SyntaxKind): boolean {
  return member.modifiers?.some((modifier) => modifier.kind === kind) ?? false;
}

async function modulesOf(...folders: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && entry.name !== MEANT)
        .map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  return found.flat();
}
