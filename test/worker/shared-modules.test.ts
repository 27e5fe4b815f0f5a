import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import ts from 'typescript';
import { expect, test } from 'vitest';

import { root } from '../support/stage.js';

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
  'const [a, b] = [new Map(), new Set()];',
  'const word = /a/g;',
  'class Seen { static last = 0 }',
])('%s would be found', (code) => {
  expect(changeable(code)).toHaveLength(1);
});

/** What stands at the top of a module and could be written to. What a function returns is taken for a value. */
function changeable(code: string): readonly string[] {
  const source = ts.createSourceFile('module.ts', code, ts.ScriptTarget.Latest, true);
  return source.statements.filter(mayChange).map((statement) => statement.getText());
}

function mayChange(statement: ts.Statement): boolean {
  if (ts.isClassDeclaration(statement))
    return statement.members.some(
      (member) => ts.isPropertyDeclaration(member) && has(member, ts.SyntaxKind.StaticKeyword),
    );
  if (!ts.isVariableStatement(statement)) return false;
  const { flags, declarations } = statement.declarationList;
  if ((flags & ts.NodeFlags.Const) === 0) return true;
  return declarations.some(({ type, initializer }) => {
    if (/^readonly\b|^Readonly/.test(type?.getText() ?? '')) return false;
    return initializer === undefined || isChangeable(initializer);
  });
}

function isChangeable(value: ts.Expression): boolean {
  if (ts.isSatisfiesExpression(value)) return isChangeable(value.expression);
  if (ts.isAsExpression(value)) return value.type.getText() !== 'const';
  if (ts.isRegularExpressionLiteral(value)) return /[gy][a-z]*$/.test(value.text.replace(/^.*\//s, ''));
  return (
    ts.isObjectLiteralExpression(value) || ts.isArrayLiteralExpression(value) || ts.isNewExpression(value)
  );
}

function has(member: ts.PropertyDeclaration, kind: ts.SyntaxKind): boolean {
  return member.modifiers?.some((modifier) => modifier.kind === kind) ?? false;
}

async function modulesOf(...folders: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  return found.flat();
}
