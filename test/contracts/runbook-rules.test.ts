import { describe, expect, it } from 'vitest';
import { problemsAfter, type Edit } from './edited-runbook.js';

// Each rule that a single part's schema can't see, broken once in the shipped runbook; `§` marks where it is told.

interface Case {
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** In the order of the marks. */
  readonly told: readonly string[];
}

const GATES =
  'readiness, gateway-status, cortex-status, operator-summary, deployment-transport, deployment-status';
const STATUS_GATE = `  - id: deployment-status
    title: Deployment status
`;

const SAME_ID = `  - id: deployment-status
    command: { argv: [x] }
    reader: tau-deployment-status
    expect: { health: healthy, gate: pass }
`;

const cases: readonly Case[] = [
  {
    rule: 'a prerequisite has an id of its own',
    edits: [
      [
        '    deadline: 10m\n',
        '    deadline: 10m\n  - id: §tau-coding-agent-runs\n    command: { argv: [jq] }\n',
      ],
    ],
    told: ['prerequisites[1].id: the id tau-coding-agent-runs is used twice: give each its own'],
  },
  {
    rule: 'a gate has an id of its own',
    edits: [[STATUS_GATE, `${SAME_ID}${STATUS_GATE.replace('id: ', 'id: §')}`]],
    told: ['gates[6].id: the id deployment-status is used twice: give each its own'],
  },
  {
    rule: 'a repair has an id of its own',
    edits: [['    - id: gateway-start', '    - id: §cortex-chat-probe']],
    told: ['remediation.repairs[1].id: the id cortex-chat-probe is used twice: give each its own'],
  },
  {
    rule: 'a promotion step has an id of its own',
    edits: [
      [
        'promotion:\n  steps:\n',
        'promotion:\n  steps:\n    - id: environment-branch\n      command: { argv: [x] }\n',
      ],
      ['    - id: environment-branch\n      git:', '    - id: §environment-branch\n      git:'],
    ],
    told: ['promotion.steps[1].id: the id environment-branch is used twice: give each its own'],
  },
  {
    rule: 'a rollback step has an id of its own',
    edits: [
      [
        '    - id: deployment-revert',
        '    - id: deployment-revert\n      gitRevert: { step: environment-branch }\n    - id: §gateway-stop',
      ],
    ],
    told: ['rollback.steps[2].id: the id gateway-stop is used twice: give each its own'],
  },
  {
    rule: 'no repair is called what a person does',
    edits: [['    - id: gateway-start', '    - id: §manual']],
    told: ['remediation.repairs[1].id: manual is what happens where no repair helps: name it otherwise'],
  },
  {
    rule: 'a repair helps gates that there are',
    edits: [['        gateway-status: [service_stopped]', '        gateway: §[service_stopped]']],
    told: [`remediation.repairs[1].helps.gateway: no gate has the id gateway: one of ${GATES}`],
  },
  {
    rule: 'a repair depends on a gate that there is',
    edits: [['unless: { gate: gateway-status,', 'unless: { gate: §gateway,']],
    told: [`remediation.repairs[1].unless.gate: no gate has the id gateway: one of ${GATES}`],
  },
  {
    rule: 'the artifact’s trigger looks at a gate that there is',
    edits: [['      gate: cortex-status\n', '      gate: §cortex\n']],
    told: [`rollback.triggers.artifactUnrepaired.gate: no gate has the id cortex: one of ${GATES}`],
  },
  {
    rule: 'repeated failing is counted on gates that there are',
    edits: [
      [
        'gates: [gateway-status, deployment-status, deployment-transport, operator-summary]',
        'gates: [gateway-status, §deployment, deployment-transport, §operator]',
      ],
    ],
    told: [
      `rollback.triggers.repeatedFailing.gates[1]: no gate has the id deployment: one of ${GATES}`,
      `rollback.triggers.repeatedFailing.gates[3]: no gate has the id operator: one of ${GATES}`,
    ],
  },
  {
    rule: 'the readiness trigger looks at a gate that there is',
    edits: [['readinessFailed: { gate: readiness }', 'readinessFailed: { gate: §ready }']],
    told: [`rollback.triggers.readinessFailed.gate: no gate has the id ready: one of ${GATES}`],
  },
  {
    rule: 'what may be overridden is a gate that there is, and asks',
    edits: [['overridable: []', 'overridable: [operator-summary, §operator, §readiness]']],
    told: [
      `overridable[1]: no gate has the id operator: one of ${GATES}`,
      'overridable[2]: readiness is derived: name the gates that it is derived from',
    ],
  },
  {
    rule: 'a rollback step is verified by a gate that there is',
    edits: [['        gate: gateway-status\n        expect', '        gate: §gateway\n        expect']],
    told: [`rollback.steps[0].verify.gate: no gate has the id gateway: one of ${GATES}`],
  },
  {
    rule: 'a rollback step is verified by a gate that asks the system itself',
    edits: [['        gate: gateway-status\n        expect', '        gate: §readiness\n        expect']],
    told: ['rollback.steps[0].verify.gate: readiness is derived: verify by a gate that asks the system'],
  },
  {
    rule: 'a branch that verifies is one that a promotion step pushes to',
    edits: [
      [
        '      verify:\n        gate: gateway-status\n        expect: { gate: hold, reasonCodes: [service_stopped] }\n',
        '      verify: { branch: §production, has: former-tree }\n',
      ],
    ],
    told: ['rollback.steps[0].verify.branch: no promotion step with git has the id production'],
  },
  {
    rule: 'a step that may be unable to run is one of the rollback',
    edits: [['  confirmAfter: 2m\n', '  confirmAfter: 2m\n  promoteUnrollbackable: [§environment-branch]\n']],
    told: ['rollback.promoteUnrollbackable[0]: no rollback step has the id environment-branch'],
  },
  {
    rule: 'a rollback command’s state is compared with a gate that there is',
    edits: [['            gate: gateway-status\n', '            gate: §gateway\n']],
    told: [`rollback.steps[0].requires.same[0].gate: no gate has the id gateway: one of ${GATES}`],
  },
  {
    rule: 'a rollback command’s state is compared with a gate that asks the system itself',
    edits: [['            gate: gateway-status\n', '            gate: §readiness\n']],
    told: [
      'rollback.steps[0].requires.same[0].gate: readiness is derived: compare with a gate that asks the system',
    ],
  },
  {
    rule: 'readiness is derived from a gateway’s, a cortex’s and an operator’s gate, each in its place',
    edits: [
      [
        'readiness: { gateway: gateway-status, cortex: cortex-status, operator: operator-summary }',
        'readiness: { gateway: §cortex-status, cortex: §nothing, operator: §readiness }',
      ],
    ],
    told: [
      'gates[0].readiness.gateway: cortex-status is not a gate with the reader tau-gateway-status',
      'gates[0].readiness.cortex: nothing is not a gate with the reader tau-cortex-status',
      'gates[0].readiness.operator: readiness is not a gate with the reader tau-operator-summary',
    ],
  },
  {
    rule: 'repeated failing can be seen in the rounds that there are',
    edits: [['      rounds: 2', '      rounds: §3']],
    told: [
      'rollback.triggers.repeatedFailing.rounds: 3 failing rounds can never be seen with 1 retries: at most retries + 1',
    ],
  },
  {
    rule: 'a watch takes no more samples than its evidence can keep',
    edits: [
      ['  window: 10m', '  window: 100001s'],
      ['  interval: 15s', '  interval: §1s'],
    ],
    told: ['watch.interval: the window has more than 100000 samples at this interval: lengthen the interval'],
  },
  {
    rule: 'what is reverted is a promotion step with git, and each such step is reverted',
    edits: [
      ['    - id: environment-branch', '    - §id: environment-branch'],
      ['gitRevert: { step: environment-branch }', 'gitRevert: { step: §branch }'],
    ],
    told: [
      'promotion.steps[0]: nothing in rollback.steps reverts environment-branch: add a step with gitRevert: { step: environment-branch }',
      'rollback.steps[1].gitRevert.step: no promotion step with git has the id branch',
    ],
  },
  {
    rule: 'what is reverted is no command',
    edits: [
      [
        "      git: { remote: '${remote}', branch: '${branch}', workingDirectory: '${workingDirectory}' }\n",
        '      command: { argv: [deploy] }\n',
      ],
      ['gitRevert: { step: environment-branch }', 'gitRevert: { step: §environment-branch }'],
    ],
    told: ['rollback.steps[1].gitRevert.step: no promotion step with git has the id environment-branch'],
  },
];

describe('a runbook whose parts do not fit together is refused', () => {
  it.each(cases)('$rule', ({ edits, told }) => {
    const { problems, places } = problemsAfter(...edits);
    expect([...problems].sort()).toEqual(told.map((text, index) => `${places[index]}: ${text}`).sort());
  });

  it('with every problem at once, each at its place', () => {
    const { problems, places } = problemsAfter(
      ['    - id: gateway-start', '    - id: §manual'],
      ['      rounds: 2', '      rounds: §3'],
    );
    expect(problems).toEqual([
      `${places[0]}: remediation.repairs[1].id: manual is what happens where no repair helps: name it otherwise`,
      `${places[1]}: rollback.triggers.repeatedFailing.rounds: 3 failing rounds can never be seen with 1 retries: at most retries + 1`,
    ]);
  });
});

describe('a runbook whose parts fit together otherwise is taken', () => {
  const fine: readonly (readonly [string, readonly Edit[]])[] = [
    ['as it is shipped', []],
    [
      'with as many rounds as retries allow',
      [
        ['      rounds: 2', '      rounds: 3'],
        ['  retries: 1', '  retries: 2'],
      ],
    ],
    [
      'with as many samples as its evidence can keep',
      [
        ['  window: 10m', '  window: 100000s'],
        ['  interval: 15s', '  interval: 1s'],
      ],
    ],
    ['without triggers that it need not have', [['    readinessFailed: { gate: readiness }\n', '']]],
    ['with an id that stands in two kinds of lists', [['    - id: gateway-start', '    - id: gateway-stop']]],
  ];
  it.each(fine)('%s', (_, edits) => {
    expect(problemsAfter(...edits).problems).toEqual([]);
  });
});
