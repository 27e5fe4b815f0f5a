import { oneLine } from '../domain/text.js';
import { CHANGES_LIMITS } from './changes.js';
import type { Changes } from '../domain/changes.js';

/**
 * What is different from the target's last promotion, for a terminal or a report. Lines that belong to the one above begin
 * with two spaces; none holds a control or format character, whoever wrote the record.
 */
export function changeLines(changes: Changes): string[] {
  return [...commitLines(changes), ...runbookLines(changes)].map(clean);
}

function commitLines(changes: Changes): readonly string[] {
  const { base, since, commits, moreCommits, leftOut, commitsProblem } = changes;
  if (base === null)
    return [`commits since ${last(changes)}: not known: ${commitsProblem ?? 'nobody asked'}`];
  const branch = `the branch at ${base.commit.slice(0, 12)}`;
  const total = commits.length + moreCommits;
  const { what, whose } = {
    promotion: {
      what: `${counted(total)} since ${last(changes)}`,
      whose: `${since?.run ?? 'the last promotion'} promoted`,
    },
    branch: { what: `${counted(total)} beyond ${branch}`, whose: `${branch} has` },
  }[base.kind];
  return [
    ...(base.kind === 'branch' && since !== null
      ? [`the repository does not have the commit of ${last(changes)}`]
      : []),
    total === 0 ? what : `${what}:`,
    ...commits.map(({ hash, subject }) => `  ${hash.slice(0, 12)} ${subject}`),
    ...more(moreCommits),
    ...(leftOut === 0 ? [] : [`leaves out ${counted(leftOut)} that ${whose}`]),
  ];
}

function runbookLines({ since, runbook }: Changes): readonly string[] {
  const { was, paths, morePaths } = runbook;
  if (since === null || was === null) return ['runbook: no earlier promotion to compare it with'];
  const total = paths.length + morePaths;
  if (total === 0) return ['runbook unchanged since then'];
  return [
    `runbook changed since then: ${total} ${total === 1 ? 'value' : 'values'}`,
    ...paths.map(({ path, before, after }) => `  ${path}: ${before ?? '(none)'} → ${after ?? '(none)'}`),
    ...more(morePaths),
  ];
}

function last({ since }: Changes): string {
  return since === null
    ? 'the last promotion (none is known)'
    : `${since.run} (promoted ${since.promotedAt.slice(0, 10)})`;
}

function counted(count: number): string {
  if (count === 0) return 'no commit';
  if (count >= CHANGES_LIMITS.countedCommits) return `${CHANGES_LIMITS.countedCommits} or more commits`;
  return count === 1 ? '1 commit' : `${count} commits`;
}

function more(count: number): readonly string[] {
  return count === 0 ? [] : [`  and ${count} more`];
}

/** A line is shorter than this by the record's own limits. */
const LINE_CHARS = 1_000;

function clean(text: string): string {
  const indent = text.startsWith('  ') ? '  ' : '';
  return `${indent}${oneLine(text.slice(indent.length), LINE_CHARS)}`;
}
