import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';

export type FoundCommand =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'not_executable'; readonly path: string }
  | { readonly kind: 'not_found' };

/** The absolute path of the program that `name` starts with this PATH, or undefined. Relative folders in PATH, the empty one too, are skipped. */
export async function findOnPath(name: string, searchPath: string): Promise<string | undefined> {
  const found = await locateCommand(name, searchPath, '/');
  return found.kind === 'found' && !name.includes('/') ? found.path : undefined;
}

/** As execvp looks for it: with a slash in `name` that very file, relative to `cwd`; else the first on PATH. */
export async function locateCommand(name: string, searchPath: string, cwd: string): Promise<FoundCommand> {
  if (name === '') return { kind: 'not_found' };
  const candidates = name.includes('/')
    ? [resolve(cwd, name)]
    : searchPath
        .split(':')
        .filter((folder) => isAbsolute(folder))
        .map((folder) => join(folder, name));
  let notExecutable: string | undefined;
  for (const path of candidates) {
    if (await isExecutable(path)) return { kind: 'found', path };
    if (await exists(path)) notExecutable ??= path;
  }
  return notExecutable === undefined
    ? { kind: 'not_found' }
    : { kind: 'not_executable', path: notExecutable };
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
