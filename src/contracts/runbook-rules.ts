import { z } from 'zod';

import type { GitPlace } from './git-place.js';
import { identity } from './names.js';
import { runbookSchema, type Runbook } from './runbook.js';
import { reportTexts } from './runbook-texts.js';
import { COMMIT, wholeReference } from './variable-references.js';

type Report = (path: readonly (string | number)[], message: string) => void;

/** Looked at once each part is right: what does not fit a broken part follows from it. */
const fitting = z
  .custom<Runbook>(() => true)
  .superRefine((runbook, context) => {
    const report: Report = (path, message) => context.addIssue({ code: 'custom', path: [...path], message });
    if (Object.hasOwn(runbook.variables, COMMIT))
      report(
        ['variables', COMMIT],
        'commit is built in, the commit that is promoted: name the variable otherwise',
      );
    reportRepeatedIds(runbook, report);
    reportUnknownGates(runbook, report);
    reportTexts(runbook, report);
    reportApproval(runbook, report);
    reportReadinessParts(runbook, report);
    reportOverridable(runbook, report);
    reportWatch(runbook, report);
    reportOwnership(runbook, report);
    reportRollback(runbook, report);
    reportCredentials(runbook, report);
  });

/** A runbook whose parts also fit together: what the schema of a single part can't see. */
export const consistentRunbook = runbookSchema.pipe(fitting);

function reportRepeatedIds(runbook: Runbook, report: Report): void {
  const lists = [
    { path: ['prerequisites'], items: runbook.prerequisites },
    { path: ['gates'], items: runbook.gates },
    { path: ['remediation', 'repairs'], items: runbook.remediation.repairs },
    { path: ['promotion', 'steps'], items: runbook.promotion.steps },
    { path: ['rollback', 'steps'], items: runbook.rollback.steps },
  ];
  for (const { path, items } of lists)
    for (const [index, { id }] of items.entries())
      if (items.findIndex((other) => other.id === id) < index)
        report([...path, index, 'id'], `the id ${id} is used twice: give each its own`);
  for (const [index, { id }] of runbook.remediation.repairs.entries())
    if (id === 'manual')
      report(
        ['remediation', 'repairs', index, 'id'],
        'manual is what happens where no repair helps: name it otherwise',
      );
}

function reportUnknownGates(runbook: Runbook, report: Report): void {
  const known = new Set(runbook.gates.map(({ id }) => id));
  const check = (gate: string, path: readonly (string | number)[]): void => {
    if (!known.has(gate)) report(path, `no gate has the id ${gate}: one of ${[...known].join(', ')}`);
  };
  for (const [index, repair] of runbook.remediation.repairs.entries()) {
    for (const gate of Object.keys(repair.helps))
      check(gate, ['remediation', 'repairs', index, 'helps', gate]);
    if (repair.unless !== undefined)
      check(repair.unless.gate, ['remediation', 'repairs', index, 'unless', 'gate']);
  }
  const { artifactUnrepaired, repeatedFailing, readinessFailed } = runbook.rollback.triggers;
  for (const [index, { helps }] of runbook.remediation.repairs.entries())
    for (const gate of Object.keys(helps))
      if (isDerived(runbook, gate))
        report(
          ['remediation', 'repairs', index, 'helps', gate],
          `${gate} is derived: repair the gates that it is derived from`,
        );
  if (
    readinessFailed !== undefined &&
    known.has(readinessFailed.gate) &&
    !isDerived(runbook, readinessFailed.gate)
  )
    report(
      ['rollback', 'triggers', 'readinessFailed', 'gate'],
      `${readinessFailed.gate} is not derived: name a readiness gate`,
    );
  if (artifactUnrepaired !== undefined)
    check(artifactUnrepaired.gate, ['rollback', 'triggers', 'artifactUnrepaired', 'gate']);
  for (const [index, gate] of repeatedFailing.gates.entries())
    check(gate, ['rollback', 'triggers', 'repeatedFailing', 'gates', index]);
  if (readinessFailed !== undefined)
    check(readinessFailed.gate, ['rollback', 'triggers', 'readinessFailed', 'gate']);
  const mustAsk = (gate: string, path: readonly (string | number)[], use: string): void => {
    check(gate, path);
    if (isDerived(runbook, gate)) report(path, `${gate} is derived: ${use} a gate that asks the system`);
  };
  for (const [index, { verify, requires }] of runbook.rollback.steps.entries()) {
    const step = ['rollback', 'steps', index];
    if (verify?.gate !== undefined) mustAsk(verify.gate, [...step, 'verify', 'gate'], 'verify by');
    for (const [at, { gate }] of (requires?.same ?? []).entries())
      mustAsk(gate, [...step, 'requires', 'same', at, 'gate'], 'compare with');
  }
}

function reportOverridable(runbook: Runbook, report: Report): void {
  for (const [index, gate] of runbook.overridable.entries())
    if (!runbook.gates.some(({ id }) => id === gate))
      report(
        ['overridable', index],
        `no gate has the id ${gate}: one of ${runbook.gates.map(({ id }) => id).join(', ')}`,
      );
    else if (isDerived(runbook, gate))
      report(['overridable', index], `${gate} is derived: name the gates that it is derived from`);
}

function isDerived({ gates }: Runbook, gate: string): boolean {
  return gates.some(({ id, readiness }) => id === gate && readiness !== undefined);
}

const READERS = {
  gateway: 'tau-gateway-status',
  cortex: 'tau-cortex-status',
  operator: 'tau-operator-summary',
} as const;

function reportReadinessParts(runbook: Runbook, report: Report): void {
  for (const [index, { readiness }] of runbook.gates.entries()) {
    if (readiness === undefined) continue;
    for (const part of ['gateway', 'cortex', 'operator'] as const) {
      const gate = runbook.gates.find(({ id }) => id === readiness[part]);
      if (gate?.reader !== READERS[part])
        report(
          ['gates', index, 'readiness', part],
          `${readiness[part]} is not a gate with the reader ${READERS[part]}`,
        );
    }
  }
}

/** Names that stand in the runbook itself; those of a variable are known when it has its value. */
function reportApproval({ approval }: Runbook, report: Report): void {
  const { approvers, required, requesters, orders } = approval;
  const known = reportNames(approvers, ['approval', 'approvers'], report);
  if (requesters !== undefined) reportNames(requesters, ['approval', 'requesters'], report);
  for (const [action, names] of Object.entries(orders))
    if (names !== undefined) reportNames(names, ['approval', 'orders', action], report);
  if (known !== undefined && required > known.size)
    report(
      ['approval', 'required'],
      `${required} approvals are needed, and only ${known.size} can approve: list more approvers, or require fewer`,
    );
  if (approval.revokedKeys !== undefined && approval.allowedSigners === undefined)
    report(['approval', 'revokedKeys'], 'revoked among which keys? name allowedSigners too');
  if (!approval.protected) return;
  if (approval.allowedSigners === undefined)
    report(
      ['approval', 'protected'],
      'only signed statements count on a protected target: name the file of public keys in allowedSigners',
    );
  if (requesters === undefined)
    report(['approval', 'protected'], 'a protected target says who may start: list requesters');
}

/** The names, where none is a variable's. */
function reportNames(
  given: string | readonly string[],
  at: readonly (string | number)[],
  report: Report,
): ReadonlySet<string> | undefined {
  const written = typeof given === 'string' ? [given] : given;
  const path = (index: number): readonly (string | number)[] =>
    typeof given === 'string' ? at : [...at, index];
  for (const [index, name] of written.entries()) {
    const named = name.includes('${') ? undefined : identity.safeParse(name);
    if (named?.success === false)
      report(path(index), named.error.issues[0]?.message ?? 'is no name that can decide');
    else if (written.indexOf(name) < index)
      report(path(index), `${name} is listed twice: each has one vote, so take one out`);
  }
  return written.some((name) => name.includes('${')) ? undefined : new Set(written);
}

function reportOwnership(
  { owners, relatedRunbooks, gates, promotion, rollback }: Runbook,
  report: Report,
): void {
  const gateIds = gates.map(({ id }) => id);
  const stepIds = [...promotion.steps, ...rollback.steps].map(({ id }) => id);
  const named = [
    ...owners.map((owner, index) => ({ ...owner, list: 'owners', key: 'name', word: owner.name, index })),
    ...relatedRunbooks.map((related, index) => ({
      ...related,
      list: 'relatedRunbooks',
      key: 'path',
      word: related.path,
      index,
    })),
  ];
  for (const { list, key, word, index, gates: ofGates, steps: ofSteps } of named) {
    if (named.some((other) => other.list === list && other.word === word && other.index < index))
      report([list, index, key], `${word} is listed twice: say once what it is there for`);
    for (const [at, gate] of ofGates.entries())
      if (!gateIds.includes(gate))
        report([list, index, 'gates', at], `no gate has the id ${gate}: one of ${gateIds.join(', ')}`);
    for (const [at, step] of ofSteps.entries())
      if (!stepIds.includes(step))
        report(
          [list, index, 'steps', at],
          `no promotion or rollback step has the id ${step}: one of ${stepIds.join(', ')}`,
        );
  }
}

/** Each is a file of the run's evidence, which is read whole when it is sealed. */
const MAX_SAMPLES = 100_000;

function reportWatch({ watch }: Runbook, report: Report): void {
  if (watch.window / watch.interval > MAX_SAMPLES)
    report(
      ['watch', 'interval'],
      `the window has more than ${MAX_SAMPLES} samples at this interval: lengthen the interval`,
    );
}

function reportRollback(runbook: Runbook, report: Report): void {
  const { rounds } = runbook.rollback.triggers.repeatedFailing;
  if (rounds > runbook.remediation.retries + 1)
    report(
      ['rollback', 'triggers', 'repeatedFailing', 'rounds'],
      `${rounds} failing rounds can never be seen with ${runbook.remediation.retries} retries: at most retries + 1`,
    );
  for (const [index, waived] of runbook.rollback.promoteUnrollbackable.entries())
    if (!runbook.rollback.steps.some(({ id }) => id === waived))
      report(['rollback', 'promoteUnrollbackable', index], `no rollback step has the id ${waived}`);
  const mustPush = (step: string, path: readonly (string | number)[]): void => {
    if (!runbook.promotion.steps.some(({ id, git }) => id === step && git !== undefined))
      report(path, `no promotion step with git has the id ${step}`);
  };
  for (const [index, { gitRevert, verify }] of runbook.rollback.steps.entries()) {
    const step = ['rollback', 'steps', index];
    if (gitRevert?.step !== undefined) mustPush(gitRevert.step, [...step, 'gitRevert', 'step']);
    const place = gitRevert?.git;
    if (place !== undefined && runbook.promotion.steps.some(({ git }) => isSameBranch(git, place)))
      report(
        [...step, 'gitRevert', 'git'],
        'a promotion step moves this branch: name that step, so that the branch gets back its recorded former tip',
      );
    if (verify?.branch !== undefined) mustPush(verify.branch, [...step, 'verify', 'branch']);
  }
  for (const [index, { id, git }] of runbook.promotion.steps.entries())
    if (git !== undefined && !runbook.rollback.steps.some(({ gitRevert }) => gitRevert?.step === id))
      report(
        ['promotion', 'steps', index],
        `nothing in rollback.steps reverts ${id}: add a step with gitRevert: { step: ${id} }`,
      );
}

function isSameBranch(git: GitPlace | undefined, other: GitPlace): boolean {
  return git !== undefined && git.remote === other.remote && git.branch === other.branch;
}

/** A credential that is written down would stand in every run's evidence. */
function reportCredentials({ promotion, rollback, variables }: Runbook, report: Report): void {
  const places = [
    ...promotion.steps.map(({ git }, index) => ({ git, at: ['promotion', 'steps', index, 'git'] })),
    ...rollback.steps.map(({ gitRevert }, index) => ({
      git: gitRevert?.git,
      at: ['rollback', 'steps', index, 'gitRevert', 'git'],
    })),
  ];
  for (const { git, at } of places)
    for (const key of ['password', 'bearer'] as const) {
      const reference = git?.https?.[key];
      if (reference === undefined) continue;
      const name = wholeReference(reference) ?? '';
      if (!Object.hasOwn(variables, name) || variables[name]?.secret !== true)
        report(
          [...at, 'https', key],
          'a credential is one variable with secret: true: write ${name}, and declare it so',
        );
    }
}
