import { isMap, isSeq, parseDocument, type Document } from 'yaml';

import { RehearsalError } from './error.js';
import type { RunbookChange } from './scenario.js';
import type { Timings } from './timings.js';

/**
 * The shipped runbook with a rehearsal's times, and with what a scenario changes in it. Everything else, comments too,
 * stays as it is shipped: what is rehearsed is what runs.
 *
 * @param elsewhere a directory that is not the live gateway's
 */
export function rehearsalRunbook(
  shipped: string,
  timings: Timings,
  change: RunbookChange | undefined,
  elsewhere: string,
): string {
  const runbook = parseDocument(shipped);
  if (runbook.errors.length > 0)
    throw new RehearsalError('runbook_unusable', 'the shipped runbook is no YAML', runbook.errors[0]);
  setTimings(runbook, timings);
  if (change === 'stop-in-another-directory')
    runbook.setIn(
      [
        'rollback',
        'steps',
        indexOf(runbook, ['rollback', 'steps'], 'gateway-stop'),
        'command',
        'workingDirectory',
      ],
      // Not a variable of the runbook, so a `${` in it is meant literally.
      elsewhere.replaceAll('${', '$${'),
    );
  if (change === 'failing-second-step')
    runbook.addIn(['promotion', 'steps'], runbook.createNode(FAILING_STEP));
  return runbook.toString({ lineWidth: 110 });
}

/** It asks for a deployment that does not exist: exit 1 and nothing on stdout. */
const FAILING_STEP = {
  id: 'second-site',
  command: {
    argv: [
      '${command}',
      '--deployment-state-dir',
      '.tau/second-site',
      '--deployment-status-inspect',
      '--deployment-status-json',
    ],
    workingDirectory: '${workingDirectory}',
  },
  repeatable: false,
  deadline: '20s',
};

function setTimings(runbook: Document, timings: Timings): void {
  setDeadlines(runbook, ['prerequisites'], timings.prerequisiteDeadlineMs);
  setDeadlines(runbook, ['gates'], timings.httpGateDeadlineMs, 'http');
  setDeadlines(runbook, ['gates'], timings.commandGateDeadlineMs, 'command');
  setDeadlines(runbook, ['remediation', 'repairs'], timings.repairDeadlineMs);
  setDeadlines(runbook, ['promotion', 'steps'], timings.promotionDeadlineMs);
  setDeadlines(runbook, ['rollback', 'steps'], timings.rollbackDeadlineMs);
  runbook.setIn(['remediation', 'manual', 'deadline'], ms(timings.manualDeadlineMs));
  runbook.setIn(['approval', 'expires'], ms(timings.approvalExpiresMs));
  runbook.setIn(['watch', 'window'], ms(timings.watchWindowMs));
  runbook.setIn(['watch', 'interval'], ms(timings.watchIntervalMs));
  runbook.setIn(['rollback', 'confirmAfter'], ms(timings.confirmAfterMs));
}

/** @param having only items with this key: a derived gate, which asks nothing, gets no deadline */
function setDeadlines(runbook: Document, path: readonly string[], deadlineMs: number, having?: string): void {
  const list = runbook.getIn(path);
  if (!isSeq(list))
    throw new RehearsalError('runbook_unusable', `the shipped runbook has no list ${path.join('.')}`);
  for (const [index, item] of list.items.entries())
    if (isMap(item) && (having === undefined || item.has(having)))
      runbook.setIn([...path, index, 'deadline'], ms(deadlineMs));
}

function indexOf(runbook: Document, path: readonly string[], id: string): number {
  const list = runbook.getIn(path);
  const index = isSeq(list) ? list.items.findIndex((item) => isMap(item) && item.get('id') === id) : -1;
  if (index === -1)
    throw new RehearsalError('runbook_unusable', `the shipped runbook has no ${id} in ${path.join('.')}`);
  return index;
}

function ms(count: number): string {
  return `${count}ms`;
}
