import { SEARCH_ATTRIBUTES } from '../../../workflows/messages.js';
import { ok, wrong, type DoctorFinding } from '../../domain/doctor/finding.js';
import type { TemporalServer } from '../connection.js';
import { ClientError } from '../errors.js';
import { ensureSearchAttributes, readSearchAttributes } from '../search-attributes.js';

/** @param register adds those that are missing */
export async function examineSearchAttributes(
  server: TemporalServer,
  register: boolean,
): Promise<DoctorFinding> {
  const { namespace } = server;
  const where = `namespace ${namespace}`;
  let missing: readonly string[] = [];
  try {
    const seen = await readSearchAttributes(server);
    ({ missing } = seen);
    if (seen.mistyped.length > 0)
      return wrong(
        'search-attributes',
        where,
        `of another type than ours: ${typed(seen.mistyped)} expected`,
        `take another namespace, or remove them: ${seen.mistyped.map((name) => removal(namespace, name)).join('; ')}`,
      );
    if (missing.length === 0) return ok('search-attributes', where, 'all are there');
    if (!register)
      return wrong(
        'search-attributes',
        where,
        `missing: ${typed(missing)}`,
        'run this without --dry-run, which adds them; a worker does so too when it starts',
      );
    const added = await ensureSearchAttributes(server);
    return ok('search-attributes', where, `added: ${typed(added)}`);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return wrong(
      'search-attributes',
      where,
      missing.length === 0
        ? `they can't be read: ${error.message}`
        : `missing, and they can't be added here (${error.message}): ${typed(missing)}`,
      missing.length === 0
        ? 'have this identity allowed to read them'
        : `have somebody add them who may: ${missing.map((name) => addition(namespace, name)).join('; ')}`,
    );
  }
}

function typed(names: readonly string[]): string {
  return names.map((name) => `${name} (${typeOf(name)})`).join(', ');
}

function typeOf(name: string): string {
  return Object.entries(SEARCH_ATTRIBUTES).find(([each]) => each === name)?.[1] ?? '';
}

function addition(namespace: string, name: string): string {
  return `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${typeOf(name)}`;
}

function removal(namespace: string, name: string): string {
  return `temporal operator search-attribute remove --namespace ${namespace} --name ${name}`;
}
