import { edited, type Edit } from '../support/marked-text.js';

/** A whole runbook, of every kind of part, that is right. */
export const WHOLE = `v: 1
name: shop
title: The shop
variables:
  baseUrl: { env: SHOP_URL, default: http://127.0.0.1:9 }
  token: { env: SHOP_TOKEN, secret: true }
  agent: { env: SHOP_AGENT, command: [[agent]] }
  people: { env: SHOP_PEOPLE, list: true }
prerequisites:
  - id: agent-runs
    command: { argv: ['\${agent}', --help], environment: [SHOP_HOME] }
    deadline: 1m
gates:
  - id: gateway
    http: { url: '\${baseUrl}/status', bearer: '\${token}' }
    reader: tau-gateway-status
    expect: { health: healthy, gate: pass }
    deadline: 5s
  - id: cortex
    http: { method: GET, url: '\${baseUrl}/cortex' }
    reader: tau-cortex-status
    expect: { health: healthy, gate: pass }
remediation:
  retries: 1
  manual: { deadline: 15m }
  repairs:
    - id: start
      helps:
        gateway: [service_stopped]
      unless: { gate: gateway, codes: [stopped_by_emergency_rollback] }
      command: { argv: ['\${agent}', start] }
    - id: probe
      helps: { cortex: [cortex_chat_activity_missing] }
      http: { method: POST, url: '\${baseUrl}/chat', json: { input: probe } }
approval:
  required: 1
  approvers: '\${people}'
  expires: 24h
promotion:
  steps:
    - id: branch
      git: { remote: origin, branch: production }
watch:
  window: 10m
  interval: 15s
rollback:
  triggers:
    artifactUnrepaired: { gate: cortex, codes: [cortex_observer_events_missing] }
    repeatedFailing: { gates: [gateway, cortex], rounds: 2 }
  steps:
    - id: stop
      command: { argv: ['\${agent}', stop] }
      requires: { files: [state.json] }
      verify: { gate: gateway, expect: { gate: hold, reasonCodes: [service_stopped] } }
    - id: revert
      gitRevert: { step: branch }
owners:
  - name: shop-team
    contact: '#shop'
    gates: [gateway]
    codes: ['gateway:*']
    steps: [stop]
relatedRunbooks:
  - path: docs/shop.md
`;

export interface BrokenRunbook {
  /** What is wrong with it; its file is called so. */
  readonly what: string;
  /** Its text; \`§\` marks where that is told. */
  readonly marked: string;
  /** What is told there, with what to do. */
  readonly told: string;
}

const broken = (what: string, edit: Edit, told: string): BrokenRunbook => ({
  what,
  marked: edited(WHOLE, [edit]),
  told,
});

const GATES = 'one of gateway, cortex';
const VARIABLES = 'one of baseUrl, token, agent, people';

/** Each broken once. */
export const BROKEN: readonly BrokenRunbook[] = [
  // What is no YAML, or more than is read.
  broken(
    'tab as indent',
    ['remediation:\n  retries', 'remediation:\n§\tretries'],
    'a tab indents this line; indent with spaces',
  ),
  broken(
    'open quote',
    ["approvers: '${people}'", "approvers: §'${people}"],
    'a quote is opened here and never closed; close it',
  ),
  broken(
    'open bracket',
    ['{ gates: [gateway, cortex], rounds: 2 }', '{ gates: [gateway, cortex, rounds: 2 §}'],
    'a bracket that was opened before is not closed here; close it with ]',
  ),
  broken(
    'key out of line',
    ['  manual: { deadline: 15m }', '§ manual: { deadline: 15m }'],
    'this key stands in a column of its own; line it up with the keys of its map',
  ),
  broken(
    'colon in a plain value',
    ['title: The shop', 'title: §The shop: staging'],
    'a key or list stands where one value belongs; put the value in quotes, or indent what is below its key',
  ),
  broken(
    'reserved character',
    ['title: The shop', 'title: §@shop'],
    'Plain value cannot start with reserved character @; put the value in single quotes',
  ),
  broken(
    'duplicate key',
    ['  required: 1\n', '  required: 1\n  §required: 2\n'],
    'the key required stands twice in this map; keep one of them',
  ),
  broken(
    'anchor',
    ['manual: {', 'manual: §&wait {'],
    'names the anchor &wait, to which nothing may refer; take it out',
  ),
  broken('alias', ['deadline: 5s', 'deadline: §*wait'], 'uses the alias *wait; write the value out instead'),
  broken('tag', ['title: The', 'title: §!!str The'], 'has the tag !!str; take it out: quotes make a text'),
  broken(
    'directive',
    ['v: 1\n', '§%YAML 1.1\n---\nv: 1\n'],
    'holds a directive (%…); YAML 1.2 without directives is read: take it out',
  ),
  broken(
    'second document',
    ['  - path: docs/shop.md\n', '  - path: docs/shop.md\n§---\nv: 1\n'],
    'a second document begins here; write one document a file',
  ),
  broken('key of prototypes', ['title:', '§__proto__:'], 'the key "__proto__" is not allowed; take it out'),
  broken(
    'key that is a list',
    ['relatedRunbooks:', '? §[relatedRunbooks]\n:'],
    'a key is no text; write a word as the key',
  ),
  broken(
    'too deep',
    ['input: probe', `input: ${'['.repeat(30)}§[${']'.repeat(31)}`],
    'nests over 32 levels of [ or {: flatten it',
  ),
  {
    what: 'too large',
    marked: `§${WHOLE}# ${'x'.repeat(64 * 1024 - 2 - WHOLE.length)}\n`,
    told: 'has 65537 bytes; at most 65536 are read: shorten it',
  },
  broken(
    'control character',
    ['The shop', 'The §\u001b[2Jshop'],
    'holds the character U+001B, which no YAML file needs: take it out',
  ),
  // What is no runbook.
  {
    what: 'empty',
    marked: '§',
    told: 'the file: is empty and should be a map; write a value, or take the key out',
  },
  { what: 'list', marked: '§- v: 1\n', told: 'the file: is a list and should be a map; write key: value' },
  broken('other version', ['v: 1', 'v: §2'], 'v: this version of promote reads runbooks with v: 1'),
  broken(
    'unknown key',
    ['window: 10m', '§windw: 10m'],
    'watch.windw: is no known key; did you mean "window"?',
  ),
  broken(
    'unknown key of a gate',
    ['    deadline: 5s', '    §dedline: 5s'],
    'gates[0].dedline: is no known key; did you mean "deadline"?',
  ),
  broken(
    'unknown key that is like none',
    ['manual: { deadline: 15m }', 'manual: { deadline: 15m, §xyz: 1 }'],
    'remediation.manual.xyz: is no known key; known are deadline',
  ),
  broken('missing part', ['v: 1\nname: shop\n', '§v: 1\n'], 'name: is missing; add it, a text'),
  broken(
    'gate without expectation',
    [
      "  - id: cortex\n    http: { method: GET, url: '${baseUrl}/cortex' }\n    reader: tau-cortex-status\n    expect: { health: healthy, gate: pass }\n",
      "  - §id: cortex\n    http: { url: '${baseUrl}/cortex' }\n    reader: tau-cortex-status\n",
    ],
    'gates[1].expect: is missing; add it, a map',
  ),
  broken(
    'expectation of half a posture',
    [
      'reader: tau-gateway-status\n    expect: { health: healthy, gate: pass }',
      'reader: tau-gateway-status\n    expect: §{ health: healthy }',
    ],
    'gates[0].expect.gate: is missing; use "pass" or "hold"',
  ),
  broken(
    'health that there is none of',
    [
      'tau-gateway-status\n    expect: { health: healthy,',
      'tau-gateway-status\n    expect: { health: §fine,',
    ],
    'gates[0].expect.health: "fine" is not allowed; use "healthy" or "degraded" or "failing" or "unknown"',
  ),
  broken(
    'number for a text',
    ['title: The shop', 'title: §5'],
    'title: is a number and should be a text; put it in quotes',
  ),
  broken(
    'text for a number',
    ['  retries: 1', "  retries: §'1'"],
    'remediation.retries: is a text and should be a number; write it without quotes',
  ),
  broken(
    'text for a list',
    ['codes: [cortex_observer_events_missing]', 'codes: §cortex_observer_events_missing'],
    'rollback.triggers.artifactUnrepaired.codes: is a text and should be a list; write each item on a line after "- ", or all in [ ]',
  ),
  broken(
    'list for a map',
    ['manual: { deadline: 15m }', 'manual: §[15m]'],
    'remediation.manual: is a list and should be a map; write key: value',
  ),
  broken(
    'half a retry',
    ['  retries: 1', '  retries: §1.5'],
    'remediation.retries: is a number and should be a whole number; write it without a fraction',
  ),
  broken(
    'too many retries',
    ['  retries: 1', '  retries: §6'],
    'remediation.retries: 6 is too much; write at most 5',
  ),
  broken(
    'empty list of codes',
    ['codes: [cortex_observer_events_missing]', 'codes: §[]'],
    'rollback.triggers.artifactUnrepaired.codes: has 0 items; write at least 1',
  ),
  broken(
    'duration without a unit',
    ['expires: 24h', "expires: §'24'"],
    'approval.expires: not a duration: write a whole number and a unit (ms, s, m, h, d), e.g. 15s or 10m, at most 366d',
  ),
  broken(
    'duration that is a number',
    ['deadline: 5s', 'deadline: §5'],
    'gates[0].deadline: not a duration: write a whole number and a unit (ms, s, m, h, d), e.g. 15s or 10m, at most 366d',
  ),
  broken(
    'deadline of nothing',
    ['deadline: 5s', 'deadline: §0s'],
    'gates[0].deadline: a deadline is more than 0 and at most 24d',
  ),
  broken(
    'id that is no file name',
    ['  - id: gateway\n', '  - id: §../gateway\n'],
    'gates[0].id: an id is 1 to 48 of a-z, 0-9 and -, beginning and ending with a letter or digit',
  ),
  broken(
    'method that is not sent',
    ['method: GET', 'method: §TRACE'],
    'gates[1].http.method: "TRACE" is not allowed; use "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE"',
  ),
  broken(
    'address of no web server',
    ["url: '${baseUrl}/cortex'", 'url: §file:///etc/passwd'],
    'gates[1].http.url: is no address that can be asked: write http://… or https://…',
  ),
  broken(
    'address with a password',
    ["url: '${baseUrl}/chat'", 'url: §http://me:secret@127.0.0.1/chat'],
    'remediation.repairs[1].http.url: holds a user or password, which would be logged: take it out, and use bearer or headers',
  ),
  broken(
    'address that is none',
    ["url: '${baseUrl}/cortex'", 'url: §http://'],
    'gates[1].http.url: is no address that can be asked: write http://host:port/path',
  ),
  broken(
    'gate that asks twice',
    ['  - id: cortex\n', '  - §id: cortex\n    command: { argv: [x] }\n'],
    'gates[1]: a gate has one of http, command, readiness',
  ),
  broken(
    'gate without a reader',
    [
      "  - id: gateway\n    http: { url: '${baseUrl}/status', bearer: '${token}' }\n    reader: tau-gateway-status\n",
      "  - §id: gateway\n    http: { url: '${baseUrl}/status', bearer: '${token}' }\n",
    ],
    'gates[0]: a gate that asks names a reader; a readiness gate names none',
  ),
  broken(
    'readiness of other readers',
    [
      '  - id: cortex\n    http',
      '  - id: readiness\n    readiness: { gateway: gateway, cortex: cortex, operator: §cortex }\n    expect: { health: healthy, gate: pass }\n  - id: cortex\n    http',
    ],
    'gates[1].readiness.operator: cortex is not a gate with the reader tau-operator-summary',
  ),
  broken(
    'unknown reader',
    ['reader: tau-gateway-status', 'reader: §tau-gatway-status'],
    'gates[0].reader: "tau-gatway-status" is not allowed; did you mean "tau-gateway-status"?',
  ),
  broken(
    'reader of commands for an http question',
    ['reader: tau-cortex-status', 'reader: §exit-code'],
    'gates[1].reader: exit-code reads the exit code of a command: ask by command, or name another reader',
  ),
  broken(
    'pointer that is none',
    ['reader: tau-cortex-status', 'reader: { fields: { health: { at: [§status] } } }'],
    'gates[1].reader.fields.health.at[0]: not a JSON Pointer: write it as /data/result/0 (RFC 6901)',
  ),
  broken(
    'reader of half a form',
    ['reader: tau-cortex-status', 'reader: { fields: §{ gate: { at: [/status] } } }'],
    'gates[1].reader.fields.health: is missing; add it, a map',
  ),
  // What refers to nothing, or to what can't stand there.
  broken(
    'unknown variable',
    ["url: '${baseUrl}/cortex'", "url: §'${baseUlr}/cortex'"],
    `gates[1].http.url: \${baseUlr} is no variable of this runbook: declare it under variables, or use ${VARIABLES}`,
  ),
  broken(
    'reference that is not closed',
    ["url: '${baseUrl}/chat'", "url: §'${baseUrl/chat'"],
    'remediation.repairs[1].http.url: a ${ is not closed: write ${name}, or $${ for a literal ${',
  ),
  broken(
    'secret in an argument',
    ["argv: ['${agent}', start]", "argv: ['${agent}', §'--token=${token}']"],
    "remediation.repairs[0].command.argv[1]: the secret ${token} can't stand here: a secret may stand in bearer, basic, headers, json, text or password only",
  ),
  broken(
    'list inside a text',
    ["argv: ['${agent}', stop]", "argv: [§'${agent} stop']"],
    "rollback.steps[0].command.argv[0]: the list ${agent} can't stand here: a list stands alone: write '${agent}' as an item of its own",
  ),
  broken(
    'secret with a default',
    ['env: SHOP_TOKEN, secret: true', 'env: SHOP_TOKEN, secret: true, default: §hunter2'],
    'variables.token.default: a secret stands in no file: take the default out, and name an env',
  ),
  broken(
    'name of a variable',
    ['  people: {', '  §People: {'],
    'variables.People: a variable name in camelCase',
  ),
  broken(
    'variable that changes programs',
    ['environment: [SHOP_HOME]', 'environment: [§GIT_DIR]'],
    'prerequisites[0].command.environment[0]: this variable would change what a command loads or asks: take it out',
  ),
  broken(
    'repair for an unknown gate',
    ['        gateway: [service_stopped]', '        gatewy: §[service_stopped]'],
    `remediation.repairs[0].helps.gatewy: no gate has the id gatewy: ${GATES}`,
  ),
  broken(
    'guard by an unknown gate',
    ['unless: { gate: gateway,', 'unless: { gate: §gate,'],
    `remediation.repairs[0].unless.gate: no gate has the id gate: ${GATES}`,
  ),
  broken(
    'trigger on an unknown gate',
    ['gates: [gateway, cortex]', 'gates: [gateway, §operator]'],
    `rollback.triggers.repeatedFailing.gates[1]: no gate has the id operator: ${GATES}`,
  ),
  broken(
    'verify by an unknown gate',
    ['verify: { gate: gateway,', 'verify: { gate: §gatway,'],
    `rollback.steps[0].verify.gate: no gate has the id gatway: ${GATES}`,
  ),
  broken(
    'revert of an unknown step',
    [
      '    - id: revert\n      gitRevert: { step: branch }',
      '    - id: revert\n      gitRevert: { step: branch }\n    - id: again\n      gitRevert: { step: §deploy }',
    ],
    'rollback.steps[2].gitRevert.step: no promotion step with git has the id deploy',
  ),
  broken(
    'promotion that nothing reverts',
    [
      '    - id: branch\n',
      '    - id: branch\n      git: { remote: origin, branch: production }\n    - §id: second\n',
    ],
    'promotion.steps[1]: nothing in rollback.steps reverts second: add a step with gitRevert: { step: second }',
  ),
  broken(
    'gate named twice',
    [
      '  - id: cortex\n',
      '  - id: cortex\n    command: { argv: [x] }\n    reader: tau-cortex-status\n    expect: { health: healthy, gate: pass }\n  - id: §cortex\n',
    ],
    'gates[2].id: the id cortex is used twice: give each its own',
  ),
  broken(
    'step named twice',
    ['    - id: revert', '    - id: §stop'],
    'rollback.steps[1].id: the id stop is used twice: give each its own',
  ),
  broken(
    'repair called manual',
    ['    - id: probe', '    - id: §manual'],
    'remediation.repairs[1].id: manual is what happens where no repair helps: name it otherwise',
  ),
  broken(
    'owner of an unknown gate',
    ['    gates: [gateway]\n', '    gates: [gateway, §gate]\n'],
    `owners[0].gates[1]: no gate has the id gate: ${GATES}`,
  ),
  broken(
    'owner of an unknown step',
    ['    steps: [stop]', '    steps: [§halt]'],
    'owners[0].steps[0]: no promotion or rollback step has the id halt: one of branch, stop, revert',
  ),
  broken(
    'owner listed twice',
    ['relatedRunbooks:', '  - name: §shop-team\nrelatedRunbooks:'],
    'owners[1].name: shop-team is listed twice: say once what it is there for',
  ),
  broken(
    'owner as a word',
    ['  - path: docs/shop.md', '  - §docs/shop.md'],
    'relatedRunbooks[0]: is a text and should be a map; write key: value',
  ),
  broken(
    'star within a code',
    ["codes: ['gateway:*']", "codes: [§'gateway:*:stopped']"],
    'owners[0].codes[0]: a reason code, or the beginning of one and a *',
  ),
  // What could never be, or would prove nothing.
  broken(
    'more failing rounds than there are',
    ['rounds: 2', 'rounds: §3'],
    'rollback.triggers.repeatedFailing.rounds: 3 failing rounds can never be seen with 1 retries: at most retries + 1',
  ),
  broken(
    'nobody who could approve',
    ["approvers: '${people}'", 'approvers: §[]'],
    'approval.approvers: at least one approver: without one nobody could decide',
  ),
  broken(
    'approver who can be nobody',
    ["approvers: '${people}'", 'approvers: [alice, §Bob Smith]'],
    'approval.approvers[1]: a name is 1 to 128 of a-z, 0-9 and . _ @ + -, beginning with a letter or digit',
  ),
  broken(
    'approver listed twice',
    ["approvers: '${people}'", 'approvers: [alice, bob, §alice]'],
    'approval.approvers[2]: alice is listed twice: each has one vote, so take one out',
  ),
  broken(
    'more approvals than approvers',
    ["required: 1\n  approvers: '${people}'", 'required: §3\n  approvers: [alice, bob]'],
    'approval.required: 3 approvals are needed, and only 2 can approve: list more approvers, or require fewer',
  ),
  broken(
    'rollback that nothing verifies',
    [
      "    - id: stop\n      command: { argv: ['${agent}', stop] }\n      requires: { files: [state.json] }\n      verify: { gate: gateway, expect: { gate: hold, reasonCodes: [service_stopped] } }\n",
      "    - §id: stop\n      command: { argv: ['${agent}', stop] }\n",
    ],
    'rollback.steps[0]: a command that rolls back needs verify: its exit code proves nothing',
  ),
  broken(
    'watch of too many samples',
    ['window: 10m\n  interval: 15s', 'window: 10d\n  interval: §1s'],
    'watch.interval: the window has more than 100000 samples at this interval: lengthen the interval',
  ),
];
