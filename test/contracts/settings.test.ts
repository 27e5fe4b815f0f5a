import { describe, expect, it } from 'vitest';
import { validateYaml } from '../../src/adapters/yaml-document.js';
import { InputError } from '../../src/contracts/input-error.js';
import { settingsSchema, type Settings } from '../../src/contracts/settings.js';

const read = (text: string): Settings =>
  validateYaml(text, 'promote.yaml', settingsSchema, 'invalid_settings');
const problemsOf = (text: string): readonly string[] => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof InputError && error.code === 'invalid_settings') return error.problems;
    throw error;
  }
  return [];
};

describe('settings', () => {
  it('need to say nothing but their version', () => {
    expect(read('v: 1\n')).toEqual({
      v: 1,
      deployment: 'local',
      dataDir: '.promote',
      evidenceDir: '.tau/reports/operator-readiness',
      trustedKeys: 'trusted-keys.json',
      taskQueue: 'promotion',
      notifications: [],
    });
  });

  it('name targets and their runbooks', () => {
    expect(read('v: 1\ntargets:\n  tau-production: { runbook: runbooks/tau.yaml }\n').targets).toEqual({
      'tau-production': { runbook: 'runbooks/tau.yaml' },
    });
  });

  const refused: readonly (readonly [string, string, string])[] = [
    ['without a version', 'deployment: x\n', 'promote.yaml:1:1: v: '],
    ['of another version', 'v: 2\n', 'promote.yaml:1:4: v: this version of promote reads settings with v: 1'],
    [
      'with a key that is misspelt',
      'v: 1\ndatadir: x\n',
      'promote.yaml:2:1: datadir: is no known key; did you mean "dataDir"?',
    ],
    ['with a secret', 'v: 1\ntoken: x\n', 'promote.yaml:2:1: token: is no known key'],
    [
      'with a target that is a path',
      "v: 1\ntargets:\n  '../x': { runbook: r }\n",
      'promote.yaml:3:3: targets."../x": ',
    ],
    [
      'with a target in upper case',
      'v: 1\ntargets:\n  Tau: { runbook: r }\n',
      'promote.yaml:3:3: targets.Tau: ',
    ],
    [
      'with a target without a runbook',
      'v: 1\ntargets:\n  tau: {}\n',
      'promote.yaml:3:8: targets.tau.runbook: ',
    ],
    ['with a deployment that is a path', 'v: 1\ndeployment: a/b\n', 'promote.yaml:2:13: deployment: '],
    ['with a task queue with a space', 'v: 1\ntaskQueue: a b\n', 'promote.yaml:2:12: taskQueue: '],
  ];
  it.each(refused)('%s are refused, with the place', (_, text, told) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.slice(0, told.length)).toBe(told);
  });
});
