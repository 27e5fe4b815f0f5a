import { randomBytes } from 'node:crypto';
import { stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { notChecked, ok, warning, wrong, type DoctorFinding } from '../../domain/doctor/finding.js';
import { createFile, isErrno } from '../evidence/durable-files.js';
import { openFolders } from '../evidence/open-folders.js';
import { toEvidenceError } from '../evidence/evidence-error.js';

const MIB = 1024 * 1024;
/** A run leaves some MiB; a full disk stops every promotion where it is. */
const LEAST_FREE = 100 * MIB;
const WANTED_FREE = 1024 * MIB;
const LEAST_INODES = 1_000;

/** Whether evidence can be written the way it is written: linked under its name and flushed. Leaves nothing behind. */
export async function examineEvidenceStore(folder: string): Promise<readonly DoctorFinding[]> {
  const place = await nearest(folder);
  if (typeof place !== 'string')
    return [
      wrong(
        'evidence-store',
        folder,
        `it can't be looked at (${codeOf(place.error)})`,
        'have it, and what is above it, be folders that the worker may enter: see evidenceDir in promote.yaml',
      ),
      notChecked('evidence-space', folder, 'the folder is not one'),
    ];
  const written = await examineWriting(folder, place);
  const there = place === folder ? await examineRights(folder) : [];
  return [written, ...there, await examineSpace(folder, place)];
}

/** The folder, or what is there of the way to it: it is made when it is first written to. */
async function nearest(folder: string): Promise<string | { readonly error: unknown }> {
  try {
    if ((await stat(folder)).isDirectory()) return folder;
    return { error: Object.assign(new Error('no folder'), { code: 'ENOTDIR' }) };
  } catch (error) {
    return isErrno(error, 'ENOENT') && dirname(folder) !== folder ? nearest(dirname(folder)) : { error };
  }
}

async function examineWriting(folder: string, place: string): Promise<DoctorFinding> {
  // The store takes no name with a dot in front for a run.
  const name = `.doctor-${process.pid}-${randomBytes(8).toString('hex')}`;
  try {
    await createFile(place, name, Buffer.from('doctor\n'));
    await unlink(join(place, name));
    await openFolders.flush(place);
    return ok(
      'evidence-store',
      folder,
      place === folder ? 'can be written, and flushed to the disk' : `will be made; ${place} can be written`,
    );
  } catch (error) {
    return wrong(
      'evidence-store',
      folder,
      `${place} can't be written as evidence is, with a link and a flush (${toEvidenceError(error, codeOf(error)).message})`,
      'run this as the user of the worker, on a local file system that takes hard links; make room, or correct its rights or evidenceDir',
    );
  } finally {
    await unlink(join(place, name)).catch(() => undefined);
  }
}

async function examineRights(folder: string): Promise<readonly DoctorFinding[]> {
  const { mode, uid } = await stat(folder);
  const open = mode & 0o077;
  if (open === 0 && uid === process.geteuid?.()) return [];
  return [
    warning(
      'evidence-store',
      folder,
      open === 0
        ? `it belongs to user ${uid}, not to this one`
        : `it has mode ${(mode & 0o777).toString(8)}: others may see which runs there are`,
      open === 0 ? 'run this, and the worker, as its owner' : `chmod 700 ${folder}`,
    ),
  ];
}

async function examineSpace(folder: string, place: string): Promise<DoctorFinding> {
  try {
    const { bavail, bsize, files, ffree } = await statfs(place);
    const free = bavail * bsize;
    const shown = `${Math.floor(free / MIB)} MiB are free`;
    const todo = 'make room: a full disk stops promotions, though never a rollback';
    // Some file systems count no inodes.
    if (free < LEAST_FREE || (files > 0 && ffree < LEAST_INODES))
      return wrong('evidence-space', folder, files > 0 ? `${shown}, ${ffree} inodes` : shown, todo);
    return free < WANTED_FREE
      ? warning('evidence-space', folder, shown, todo)
      : ok('evidence-space', folder, shown);
  } catch (error) {
    return wrong(
      'evidence-space',
      folder,
      `how much is free can't be told (${codeOf(error)})`,
      'look at the file system',
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
