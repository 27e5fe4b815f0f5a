import type { GitIntent } from '../../contracts/step-record.js';
import type { Runbook } from '../../contracts/runbook.js';
import type { Command, HttpRequest } from '../../contracts/runbook-question.js';
import type { RollbackStep } from '../../contracts/runbook-steps.js';
import type { KnownRun, RunEvidence } from '../evidence/run-evidence.js';
import { REFERENCE } from '../../contracts/variable-references.js';
import { readIntent, type GitTools } from './git-steps.js';
import { placeOfRevert, recordedReverts, revertStepOf, type RevertStep } from './revert-steps.js';

/**
 * What a person types into a shell to do a rollback step by hand. Secrets stand as the environment variable that gives
 * them, never as their value.
 */
export async function byHand(
  { evidence }: Pick<GitTools, 'evidence'>,
  known: KnownRun,
  step: RollbackStep,
): Promise<readonly string[]> {
  const revert = revertStepOf(known, step);
  if (revert !== undefined) return revertByHand(known, revert, await intentOf(evidence, known, revert));
  return actionByHand(known.loaded.runbook, step, `${known.record.run}/${step.id}/by-hand`);
}

async function intentOf(
  evidence: RunEvidence,
  known: KnownRun,
  { reverts }: RevertStep,
): Promise<GitIntent | undefined> {
  return reverts.kind === 'step' ? readIntent(evidence, known, reverts.step.id) : undefined;
}

/** How service comes back after a rollback, as commands in their order. What was reverted is brought back by a new commit. */
export async function comeBack(evidence: RunEvidence, known: KnownRun): Promise<readonly string[]> {
  const { record, loaded } = known;
  const { steps } = loaded.runbook.rollback;
  const commands: string[] = [];
  for (const step of steps) {
    const revert = revertStepOf(known, step);
    if (revert === undefined) continue;
    const reverts = await recordedReverts(evidence, known, step.id);
    const { remote, branch } = (await intentOf(evidence, known, revert)) ?? placeOfRevert(revert.reverts);
    if (reverts.length > 0) commands.push(...revertTheRevert(remote, branch, reverts));
  }
  return [
    ...commands,
    ...bringBack(known),
    `promote validate --target ${record.target}`,
    `promote start --target ${record.target} --commit <the new commit> --reason <what was repaired>`,
  ];
}

/** What starts again what the rollback stopped, last stopped first. */
export function bringBack({ record, loaded }: KnownRun): readonly string[] {
  return loaded.runbook.rollback.steps
    .toReversed()
    .flatMap((step) =>
      step.bringBack === undefined
        ? []
        : actionByHand(loaded.runbook, step.bringBack, `${record.run}/${step.id}/bring-back`),
    );
}

function revertTheRevert(remote: string, branch: string, reverts: readonly string[]): readonly string[] {
  const [first, ...others] = reverts;
  const more = others.length === 0 ? '' : `  # or, whichever ${branch} has: ${others.join(' ')}`;
  return [
    `git clone --single-branch --branch ${quoted(branch)} -- ${quoted(remote)} come-back && cd come-back`,
    `git revert --no-edit ${first}${more}`,
    '# repair what failed, commit it on top, and push it as a branch of its own:',
    'git push origin HEAD:refs/heads/come-back && git rev-parse HEAD',
  ];
}

/** A command in its directory, or a request by curl. */
export function actionByHand(
  runbook: Pick<Runbook, 'variables'>,
  { command, http }: { readonly command?: Command | undefined; readonly http?: HttpRequest | undefined },
  key: string,
): readonly string[] {
  if (command !== undefined)
    return [`cd ${quoted(command.workingDirectory)} && ${command.argv.map(quoted).join(' ')}`];
  return http === undefined ? [] : [curl(runbook, http, key)];
}

function curl({ variables }: Pick<Runbook, 'variables'>, http: HttpRequest, key: string): string {
  const open = (text: string): string => withSecrets(text, variables);
  const headers = Object.entries(http.headers).map(([name, value]) => open(`${name}: ${value}`));
  if (http.method !== 'GET') headers.push(quoted(`idempotency-key: ${key}`));
  if (http.bearer !== undefined) headers.push(open(`authorization: Bearer ${http.bearer}`));
  if (http.json !== undefined) headers.push(quoted('content-type: application/json'));
  return [
    'curl --fail-with-body',
    ...(http.method === 'GET' ? [] : [`-X ${http.method}`]),
    ...headers.map((header) => `-H ${header}`),
    ...(http.json === undefined ? [] : [`--data ${open(JSON.stringify(http.json))}`]),
    quoted(http.url),
  ].join(' ');
}

/**
 * Gives the branch the tree of its former tip on top of whatever it is now. Where nothing was recorded before a push, the
 * commit itself is reverted.
 */
function revertByHand(
  { record }: KnownRun,
  { reverts }: RevertStep,
  intent: GitIntent | undefined,
): readonly string[] {
  const { remote, branch } = intent ?? placeOfRevert(reverts);
  const mainline =
    reverts.kind === 'commit' && reverts.mainline !== undefined ? ` -m ${reverts.mainline}` : '';
  const revert =
    intent === undefined
      ? `git revert --no-edit${mainline} ${record.commit}`
      : `git cherry-pick "$(git commit-tree '${intent.formerTip}^{tree}' -p ${intent.newTip} -m 'Revert the promotion of ${record.commit}')"`;
  return [
    `git clone --single-branch --branch ${quoted(branch)} -- ${quoted(remote)} rollback && cd rollback`,
    intent === undefined
      ? revert
      : `${revert}  # where one commit was promoted: git revert --no-edit ${intent.newTip}`,
    `git push origin ${quoted(`HEAD:refs/heads/${branch}`)}`,
  ];
}

/** The secrets' own variables, in double quotes: the shell opens them, and nothing else. */
function withSecrets(text: string, variables: Runbook['variables']): string {
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(REFERENCE)) {
    const [whole, name] = match;
    parts.push(text.slice(end, match.index));
    end = match.index + whole.length;
    if (name === undefined) parts.push('${');
    else parts.push(`\0${variables[name]?.env ?? name.toUpperCase()}`);
  }
  parts.push(text.slice(end));
  return parts
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('\0') ? `"$${part.slice(1)}"` : alwaysQuoted(part)))
    .join('');
}

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

function quoted(word: string): string {
  return PLAIN.test(word) ? word : alwaysQuoted(word);
}

function alwaysQuoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
