import { describe, expect, it } from 'vitest';
import { validateYaml } from '../../src/adapters/yaml-document.js';
import { runbookSchema } from '../../src/contracts/runbook.js';
import { APPROVERS, GATES, tauPlan } from '../support/plans.js';
import { problemsAfter, type Edit } from './edited-runbook.js';

// The shipped runbook, what the rules get of it, and what the schema of a single part refuses; `§` marks where.

describe('the shipped runbook', () => {
  it('is valid and consistent', () => {
    expect(problemsAfter()).toEqual({ problems: [], places: [] });
  });

  it('gives the rules Tau’s gates, in the order of its steps, with a deadline each', () => {
    expect(tauPlan().gates).toEqual(
      GATES.map((id) => ({
        id,
        expect: { health: 'healthy', gate: 'pass' },
        deadlineMs: 20_000,
        derivedFrom: id === 'readiness' ? ['gateway-status', 'cortex-status', 'operator-summary'] : [],
      })),
    );
  });

  it('gives one retry, 15 minutes to a person, a chat probe for cortex and a start for the gateway', () => {
    expect(tauPlan().remediation).toEqual({
      retries: 1,
      manualDeadlineMs: 900_000,
      repairs: [
        {
          id: 'cortex-chat-probe',
          deadlineMs: 60_000,
          helps: {
            'cortex-status': [
              'cortex_chat_activity_missing',
              'cortex_observer_events_stale',
              'cortex_observer_events_empty',
              'cortex_observer_events_missing',
            ],
          },
          unless: undefined,
        },
        {
          id: 'gateway-start',
          deadlineMs: 60_000,
          helps: {
            'gateway-status': ['service_stopped'],
            'operator-summary': ['gateway:service_stopped'],
          },
          unless: { gate: 'gateway-status', codes: ['stopped_by_emergency_rollback'] },
        },
      ],
    });
  });

  it('triggers a rollback on the runbook’s three states', () => {
    expect(tauPlan().triggers).toEqual({
      artifactUnrepaired: {
        gate: 'cortex-status',
        codes: ['cortex_observer_events_missing', 'cortex_observer_events_malformed'],
      },
      repeatedFailing: {
        gates: ['gateway-status', 'deployment-status', 'deployment-transport', 'operator-summary'],
        rounds: 2,
      },
      readinessFailed: { gate: 'readiness' },
    });
  });

  it('needs one approval of somebody else within a day', () => {
    expect(tauPlan().approval).toEqual({
      required: 1,
      approvers: APPROVERS,
      selfApproval: false,
      expiresMs: 86_400_000,
      roles: { requesters: undefined, orders: {}, protected: false, remindEveryMs: 14_400_000 },
    });
  });

  it('moves the environment branch, watches it, and rolls back by stopping the gateway and reverting', () => {
    const { promotion, watch, rollback } = tauPlan();
    expect(promotion).toEqual([{ id: 'environment-branch', deadlineMs: 120_000, repeatable: true }]);
    expect(watch).toEqual({
      windowMs: 600_000,
      intervalMs: 15_000,
      repeatedFailing: 2,
      unreachableLimit: 4,
    });
    expect(rollback).toEqual({
      steps: [
        {
          id: 'gateway-stop',
          deadlineMs: 60_000,
          does: 'runs its command, until gateway-status says hold (service_stopped)',
        },
        {
          id: 'deployment-revert',
          deadlineMs: 120_000,
          does: 'reverts on the branch what environment-branch promoted, until the remote has the revert',
        },
      ],
      confirmAfterMs: 120_000,
    });
  });
});

describe('what a runbook leaves out', () => {
  const LEAST = `
v: 1
name: least
gates:
  - id: status
    http: { url: http://127.0.0.1/ }
    reader: tau-gateway-status
    expect: { health: healthy, gate: pass }
approval: { approvers: [a] }
promotion:
  steps: [{ id: deploy, command: { argv: [deploy] } }]
rollback:
  triggers: { repeatedFailing: { gates: [status] } }
  steps:
    - id: stop
      command: { argv: [stop] }
      verify: { gate: status, expect: { gate: hold, reasonCodes: [service_stopped] } }
`;

  it('is what the design says by default', () => {
    const runbook = validateYaml(LEAST, 'least.yaml', runbookSchema);
    expect(runbook.remediation).toEqual({ retries: 1, manual: { deadline: 900_000 }, repairs: [] });
    expect(runbook.approval).toEqual({
      required: 1,
      approvers: ['a'],
      orders: {},
      selfApproval: false,
      expires: 86_400_000,
      remindEvery: 14_400_000,
      protected: false,
      userVerification: false,
    });
    expect(runbook.watch).toEqual({
      window: 600_000,
      interval: 15_000,
      repeatedFailing: 2,
      unreachableLimit: 4,
    });
    expect(runbook.rollback).toMatchObject({ confirmAfter: 120_000, promoteUnrollbackable: [] });
    expect(runbook.rollback.triggers.repeatedFailing.rounds).toBe(2);
    expect(runbook.promotion.steps[0]).toMatchObject({ repeatable: true, deadline: 120_000 });
    expect(runbook.gates[0]).toMatchObject({ deadline: 20_000, http: { method: 'GET', headers: {} } });
    expect(runbook.prerequisites).toEqual([]);
  });
});

describe('a part of a runbook that is not of its form is refused', () => {
  const REMEDIATION = '\nremediation:\n  retries: 1\n';
  const cases: readonly (readonly [string, readonly Edit[], string])[] = [
    ['another version', [['\nv: 1\n', '\nv: §2\n']], 'v: this version of promote reads runbooks with v: 1'],
    [
      'a key that is misspelt',
      [['  selfApproval: false', '  §selfAproval: false']],
      'approval.selfAproval: is no known key; did you mean "selfApproval"?',
    ],
    [
      'a duration without a unit',
      [['  expires: 24h', "  expires: §'24'"]],
      'approval.expires: not a duration: write a whole number and a unit (ms, s, m, h, d), e.g. 15s or 10m, at most 366d',
    ],
    [
      'an empty list of approvers',
      [["  approvers: '${approvers}'", '  approvers: §[]']],
      'approval.approvers: at least one approver: without one nobody could decide',
    ],
    [
      'a gate that asks twice',
      [
        [
          "  - id: gateway-status\n    title: Gateway status\n    http: { url: '${baseUrl}/gateway/status', bearer: '${token}' }\n",
          "  - §id: gateway-status\n    http: { url: '${baseUrl}/gateway/status' }\n    command: { argv: [x] }\n",
        ],
      ],
      'gates[1]: a gate has one of http, command, readiness',
    ],
    [
      'a gate that asks and names no reader',
      [
        ['  - id: gateway-status\n', '  - §id: gateway-status\n'],
        ['    reader: tau-gateway-status\n', ''],
      ],
      'gates[1]: a gate that asks names a reader; a readiness gate names none',
    ],
    [
      'a readiness gate with a reader',
      [['  - id: readiness\n    title: Readiness\n', '  - §id: readiness\n    reader: tau-gateway-status\n']],
      'gates[0]: a gate that asks names a reader; a readiness gate names none',
    ],
    [
      'a repair that does two things',
      [['    - id: cortex-chat-probe\n', '    - §id: cortex-chat-probe\n      command: { argv: [x] }\n']],
      'remediation.repairs[0]: a repair has one of http, command, manual',
    ],
    [
      'a rollback step whose exit code would be believed',
      [
        ['    - id: gateway-stop\n', '    - §id: gateway-stop\n'],
        [
          '      verify:\n        gate: gateway-status\n        expect: { gate: hold, reasonCodes: [service_stopped] }\n',
          '',
        ],
      ],
      'rollback.steps[0]: a command that rolls back needs verify: its exit code proves nothing',
    ],
    [
      'a verification in two ways',
      [
        [
          '      verify:\n        gate: gateway-status\n        expect: { gate: hold, reasonCodes: [service_stopped] }\n',
          '      verify:\n        §branch: environment-branch\n        gate: gateway-status\n        expect: { gate: hold, reasonCodes: [service_stopped] }\n',
        ],
      ],
      'rollback.steps[0].verify: verify asks in one way: gate and expect, http and answers, or branch and has',
    ],
    [
      'a verification by half a question',
      [
        [
          '      verify:\n        gate: gateway-status\n        expect: { gate: hold, reasonCodes: [service_stopped] }\n',
          '      verify: §{ http: { url: "http://127.0.0.1/" } }\n',
        ],
      ],
      'rollback.steps[0].verify: verify asks in one way: gate and expect, http and answers, or branch and has',
    ],
    [
      'a verification that only something answers',
      [
        [
          '      verify:\n        gate: gateway-status\n        expect: { gate: hold, reasonCodes: [service_stopped] }\n',
          '      verify: { http: { url: "http://127.0.0.1/" }, answers: §{} }\n',
        ],
      ],
      'rollback.steps[0].verify.answers: answers names an expected status or values: that something answers proves nothing',
    ],
    [
      'a verification that changes something',
      [
        [
          '      verify:\n        gate: gateway-status\n        expect: { gate: hold, reasonCodes: [service_stopped] }\n',
          '      verify: { http: §{ url: "http://127.0.0.1/", method: POST }, answers: { status: [200] } }\n',
        ],
      ],
      'rollback.steps[0].verify.http: what only asks is a GET',
    ],
    [
      'an expected status that tells about the question',
      [
        [
          '      verify:\n        gate: gateway-status\n        expect: { gate: hold, reasonCodes: [service_stopped] }\n',
          '      verify: { http: { url: "http://127.0.0.1/" }, answers: { status: [§401] } }\n',
        ],
      ],
      'rollback.steps[0].verify.answers.status[0]: a status that can be expected is 200 to 299, or 400 to 499 but not 401, 403, 408, 425, 429',
    ],
    [
      'a revert that is verified by something else',
      [
        [
          '      gitRevert: { step: environment-branch }\n',
          '      gitRevert: { step: environment-branch }\n      verify: §{ branch: environment-branch, has: former-tree }\n',
        ],
      ],
      'rollback.steps[1].verify: a revert is proven by the branch itself: leave verify out',
    ],
    [
      'a revert that may not be repeated',
      [
        [
          '      gitRevert: { step: environment-branch }\n',
          '      gitRevert: { step: environment-branch }\n      repeatable: §false\n',
        ],
      ],
      'rollback.steps[1].repeatable: a revert is repeated safely: repeatable can not be false',
    ],
    [
      'a request whose credentials can not be checked',
      [
        [
          '    - id: deployment-revert\n      gitRevert: { step: environment-branch }\n',
          '    - id: deployment-revert\n      gitRevert: { step: environment-branch }\n    - §id: undeploy\n      http: { method: POST, url: "http://127.0.0.1/" }\n      verify: { gate: gateway-status, expect: { gate: hold, reasonCodes: [x] } }\n',
        ],
      ],
      'rollback.steps[2]: a request that rolls back needs check: a GET that shows that its credentials are taken',
    ],
    [
      'a request whose status would be believed',
      [
        [
          '    - id: deployment-revert\n      gitRevert: { step: environment-branch }\n',
          '    - id: deployment-revert\n      gitRevert: { step: environment-branch }\n    - §id: undeploy\n      http: { method: POST, url: "http://127.0.0.1/" }\n      check: { http: { url: "http://127.0.0.1/" } }\n',
        ],
      ],
      'rollback.steps[2]: a request that rolls back needs verify: its status proves nothing',
    ],
    [
      'a status that is expected of a push',
      [['    - id: environment-branch\n', '    - id: environment-branch\n      expectStatus: §[200]\n']],
      'promotion.steps[0].expectStatus: expectStatus is about the answer to http: this step has none',
    ],
    [
      'a comparison with a whole answer',
      [['            at: /service/last_transition_unix_ms', '            at: §service']],
      'rollback.steps[0].requires.same[0].at: not a JSON Pointer: write it as /data/result/0 (RFC 6901)',
    ],
    [
      'a requirement that requires nothing',
      [
        [
          '      requires:\n        files: [.tau/gateway/state.json]\n        same:\n          - file: .tau/gateway/state.json\n            at: /service/last_transition_unix_ms\n            gate: gateway-status\n            as: /service/service_last_transition_unix_ms\n',
          '      requires: §{}\n',
        ],
      ],
      'rollback.steps[0].requires: requires names files, or what is the same in a file and in an answer',
    ],
    [
      'a requirement of a revert, which has no working directory',
      [
        [
          '      gitRevert: { step: environment-branch }\n',
          '      gitRevert: { step: environment-branch }\n      requires: §{ files: [x] }\n',
        ],
      ],
      'rollback.steps[1].requires: requires is about the working directory of a command: this step has none',
    ],
    [
      'a rollback step that does nothing',
      [
        [
          '    - id: deployment-revert\n      gitRevert: { step: environment-branch }\n',
          '    - §id: deployment-revert\n',
        ],
      ],
      'rollback.steps[1]: a rollback step has one of command, http, gitRevert',
    ],
    [
      'an id that is no file name',
      [['  - id: gateway-status\n', '  - id: §../gateway\n']],
      'gates[1].id: an id is 1 to 48 of a-z, 0-9 and -, beginning and ending with a letter or digit',
    ],
    [
      'a health that there is none of',
      [
        [
          '    reader: tau-gateway-status\n    expect: { health: healthy,',
          '    reader: tau-gateway-status\n    expect: { health: §well,',
        ],
      ],
      'gates[1].expect.health: "well" is not allowed; use "healthy" or "degraded" or "failing" or "unknown"',
    ],
  ];
  it.each(cases)('%s', (_, edits, told) => {
    const { problems, places } = problemsAfter(...edits);
    expect(problems).toEqual([`${places[0]}: ${told}`]);
  });

  const limits: readonly (readonly [string, Edit, string])[] = [
    ['six retries', [REMEDIATION, REMEDIATION.replace('1', '§6')], 'remediation.retries'],
    ['fewer than no retries', [REMEDIATION, REMEDIATION.replace('1', '§-1')], 'remediation.retries'],
    ['half a retry', [REMEDIATION, REMEDIATION.replace('1', '§1.5')], 'remediation.retries'],
    ['no approval at all', ['  required: 1', '  required: §0'], 'approval.required'],
    ['a watch without an interval', ['  interval: 15s', '  interval: §0s'], 'watch.interval'],
    [
      'a watch that rolls back at once',
      ['  repeatedFailing: 2', '  repeatedFailing: §0'],
      'watch.repeatedFailing',
    ],
    [
      'a watch that never rolls back',
      ['  unreachableLimit: 4', '  unreachableLimit: §101'],
      'watch.unreachableLimit',
    ],
    [
      'no round to be failing in',
      ['      rounds: 2', '      rounds: §0'],
      'rollback.triggers.repeatedFailing.rounds',
    ],
  ];
  it.each(limits)('%s', (_, edit, path) => {
    const { problems, places } = problemsAfter(edit);
    expect(problems[0]).toContain(`${places[0]}: ${path}: `);
  });
});
