import { EvidenceError } from './evidence-error.js';

/** No leading dot: that refuses `.` and `..`, and keeps `.tmp-…` for files that are not finished. */
const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;
const MAX_SEGMENTS = 8;

/** Throws EvidenceError `bad_name`. */
export function checkRun(run: string): void {
  if (!SEGMENT.test(run)) throw new EvidenceError('bad_name', `${JSON.stringify(run)} is no name for a run`);
}

/** The path's segments. Throws EvidenceError `bad_name`. */
export function segmentsOf(path: string): readonly string[] {
  const segments = path.split('/');
  if (segments.length > MAX_SEGMENTS || !segments.every((segment) => SEGMENT.test(segment))) {
    throw new EvidenceError('bad_name', `${JSON.stringify(path)} is no name for a file of evidence`);
  }
  return segments;
}
