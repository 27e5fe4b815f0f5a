// Proves what a runbook may say of a branch: how it is reverted, with what it is spoken to, and that no credential is
// written down. Where each mistake is told is marked with `§`.
import { expect, test } from 'vitest';

import { problemsAfter, type Edit } from './edited-runbook.js';

const GIT = "git: { remote: '${remote}', branch: '${branch}', workingDirectory: '${workingDirectory}' }";
const REVERT = 'gitRevert: { step: environment-branch }';
const TOKEN: Edit = [
  '  token:\n',
  '  gitToken: { env: GIT_TOKEN, secret: true }\n  plain: { default: x }\n  token:\n',
];

const place = (more: string): Edit => [GIT, `git: { remote: r, branch: b, ${more} }`];
const other = (revert: string): readonly Edit[] => [
  [GIT, 'command: { argv: [deploy] }'],
  [REVERT, `gitRevert: ${revert}`],
];

test.each<readonly [string, readonly Edit[]]>([
  ['a revert of the commit itself', other('{ git: { remote: r, branch: b } }')],
  ['a mainline for merges', other('{ git: { remote: r, branch: b }, mainline: 2 }')],
  ['a token as a password', [TOKEN, place("https: { password: '${gitToken}' }")]],
  ['a bearer token', [TOKEN, place("https: { bearer: '${gitToken}' }")]],
  ['an ssh key', [place('ssh: { key: k, knownHosts: h }')]],
  ['an author and a signature', [place('author: { name: R, email: r@example.org }, signing: { sshKey: k }')]],
])('%s may stand in a runbook', (_, edits) => {
  expect(problemsAfter(...edits).problems).toEqual([]);
});

test.each<readonly [string, readonly Edit[], string]>([
  ['a revert of nothing', other('§{ mainline: 1 }'), 'gitRevert has one of step, git'],
  [
    'a mainline with a step',
    [[REVERT, 'gitRevert: { step: environment-branch, mainline: §1 }']],
    'mainline goes with git only',
  ],
  ['a mainline of 0', other('{ git: { remote: r, branch: b }, mainline: §0 }'), ''],
  [
    'a second way to revert a branch that a step moves',
    [
      [
        REVERT,
        `${REVERT}\n    - id: twice\n      gitRevert:\n        git: §{ remote: '\${remote}', branch: '\${branch}' }`,
      ],
    ],
    'a promotion step moves this branch: name that step',
  ],
  [
    'a token that is written down',
    [place('https: { password: §open-sesame }')],
    'is one variable with secret: true',
  ],
  [
    'a token in a variable that is not secret',
    [TOKEN, place("https: { bearer: §'${plain}' }")],
    'is one variable with secret: true',
  ],
  [
    'a token with something around it',
    [TOKEN, place("https: { password: §'x${gitToken}' }")],
    'is one variable with secret: true',
  ],
  [
    'both kinds of token',
    [TOKEN, place("https: §{ password: '${gitToken}', bearer: '${gitToken}' }")],
    'one of',
  ],
  ['neither kind of token', [place('https: §{ user: me }')], 'one of'],
  [
    'a secret as the user',
    [TOKEN, place("https: { user: §'${gitToken}', password: '${gitToken}' }")],
    'password only',
  ],
])('%s is refused where it stands', (_, edits, told) => {
  const { problems, places } = problemsAfter(...edits);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(places[0] ?? 'no mark');
  expect(problems[0]).toContain(told);
});

test('credentials for https and ssh at once are refused', () => {
  const edits = [
    TOKEN,
    [GIT, "git: §{ remote: r, branch: b, https: { bearer: '${gitToken}' }, ssh: { key: k } }"],
  ] as const;
  const { problems } = problemsAfter(...edits);
  expect(problems).toEqual([expect.stringContaining('a remote has one of https, ssh')]);
});
