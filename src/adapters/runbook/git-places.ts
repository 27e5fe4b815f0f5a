import { resolve } from 'node:path';

import type { GitPlace } from '../../contracts/git-place.js';
import type { Runbook } from '../../contracts/runbook.js';
import { InputError } from '../../contracts/input-error.js';
import { remoteUrl } from './remote-url.js';
import type { VariableSources } from './variables.js';

type GitSteps = Pick<Runbook, 'promotion' | 'rollback'>;

/** Relative folders and files of git steps become absolute. */
export function placedGit(steps: GitSteps, base: string): GitSteps {
  return mapped(steps, (place) => {
    const workingDirectory = resolve(base, place.workingDirectory);
    const { signing, ssh } = place;
    return {
      ...place,
      workingDirectory,
      ...(signing === undefined ? {} : { signing: { sshKey: resolve(workingDirectory, signing.sshKey) } }),
      ...(ssh === undefined ? {} : { ssh: placedSsh(ssh, workingDirectory) }),
    };
  });
}

function placedSsh({ key, knownHosts }: NonNullable<GitPlace['ssh']>, folder: string): GitPlace['ssh'] {
  return {
    key: resolve(folder, key),
    ...(knownHosts === undefined ? {} : { knownHosts: resolve(folder, knownHosts) }),
  };
}

/** Names and addresses as a commit can carry them. Throws InputError invalid_runbook. */
export function checkAuthors(steps: GitSteps, file: string): void {
  for (const { author } of placesOf(steps)) {
    if (author === undefined) continue;
    if (!AUTHOR_NAME.test(author.name))
      throw wrongAuthor(file, 'name', author.name, 'one line with a letter or digit, and neither < nor >');
    if (!AUTHOR_EMAIL.test(author.email))
      throw wrongAuthor(file, 'email', author.email, 'such as release@example.org');
  }
}

const AUTHOR_NAME = /^(?=.*[\p{L}\p{N}])[^<>\p{C}]{1,128}$/u;
const AUTHOR_EMAIL = /^[^<>@\s\p{C}]{1,128}@[^<>@\s\p{C}]{1,128}$/u;

function wrongAuthor(file: string, key: string, value: string, wanted: string): InputError {
  return new InputError('invalid_runbook', [
    `${file}: git.author.${key}: ${JSON.stringify(value.slice(0, 64))} is no ${key} of an author: ${wanted}`,
  ]);
}

/** Remote names become addresses. Throws InputError missing_variable. */
export async function withRemotes(steps: GitSteps, { environment }: VariableSources): Promise<GitSteps> {
  const remotes = new Map<GitPlace, string>();
  for (const place of placesOf(steps))
    remotes.set(place, await remoteUrl(place.remote, place.workingDirectory, environment));
  return mapped(steps, (place) => ({ ...place, remote: remotes.get(place) ?? place.remote }));
}

function placesOf({ promotion, rollback }: GitSteps): readonly GitPlace[] {
  return [
    ...promotion.steps.map(({ git }) => git),
    ...rollback.steps.map(({ gitRevert }) => gitRevert?.git),
  ].filter((place) => place !== undefined);
}

function mapped({ promotion, rollback }: GitSteps, change: (place: GitPlace) => GitPlace): GitSteps {
  return {
    promotion: {
      ...promotion,
      steps: promotion.steps.map((step) =>
        step.git === undefined ? step : { ...step, git: change(step.git) },
      ),
    },
    rollback: {
      ...rollback,
      steps: rollback.steps.map((step) =>
        step.gitRevert?.git === undefined
          ? step
          : { ...step, gitRevert: { ...step.gitRevert, git: change(step.gitRevert.git) } },
      ),
    },
  };
}
