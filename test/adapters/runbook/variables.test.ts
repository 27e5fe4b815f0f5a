// Proves where a runbook's variables get their values and where those may stand, on real files and a real PATH. That a
// secret's value stays out of answers is proven with the gates.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { openText } from '../../../src/adapters/runbook/substitute.js';
import { openSecrets } from '../../../src/adapters/runbook/variables.js';
import {
  load,
  refusalOf,
  scratchFolder,
  smallRunbook,
  sourcesOf,
  TOKEN,
  withRepair,
  withVariables,
  type Loading,
  type Written,
} from './written-runbook.js';

const urlOf = async (loading: Loading): Promise<string | undefined> =>
  (await load(smallRunbook(), loading)).runbook.gates[0]?.http?.url;

const echoedWith = async (loading: Loading): Promise<readonly string[] | undefined> => {
  const variables = { valueOf: { env: 'SMALL_VALUE', default: 'the default' } };
  const written = withRepair({ command: { argv: ['echo', '${valueOf}'] } }, variables);
  return (await load(written, loading)).runbook.remediation.repairs[0]?.command?.argv;
};

describe('a value', () => {
  const set = { baseUrl: 'http://set.example' };
  const environment = { SMALL_BASE_URL: 'http://environment.example' };

  test.each([
    { from: '--set before the environment', loading: { set, environment }, host: 'set.example' },
    { from: 'the environment before the default', loading: { environment }, host: 'environment.example' },
    { from: 'the default where nothing else is given', loading: {}, host: '127.0.0.1:9' },
    {
      from: 'the default where the environment holds an empty text',
      loading: { environment: { SMALL_BASE_URL: '' } },
      host: '127.0.0.1:9',
    },
  ])('comes from $from', async ({ loading, host }) => {
    expect(await urlOf(loading)).toBe(`http://${host}/gateway/status`);
  });

  test('that is missing is told in one line with what it is for and how to set it', async () => {
    const described = withVariables({ baseUrl: { env: 'SMALL_BASE_URL', description: 'The gateway.' } });
    expect(await refusalOf(load(described))).toEqual({
      code: 'missing_variable',
      problems: [
        'the variable baseUrl (The gateway.) has no value: set SMALL_BASE_URL in the environment or pass --set baseUrl=…',
      ],
    });
    const setOnly = withVariables({ baseUrl: {} });
    expect((await refusalOf(load(setOnly))).problems).toEqual([
      'the variable baseUrl has no value: pass --set baseUrl=…',
    ]);
  });

  test('that is a missing secret is told the same way', async () => {
    expect(await refusalOf(load(smallRunbook(), { environment: { SMALL_TOKEN: '' } }))).toEqual({
      code: 'missing_variable',
      problems: ['the variable token has no value: set SMALL_TOKEN in the environment or pass --set token=…'],
    });
  });

  test.each(['nonsense', 'constructor', 'toString', 'valueOf'])(
    'of --set %s, which the runbook does not declare, is refused with the names that it does',
    async (name) => {
      expect(await refusalOf(load(smallRunbook(), { set: { [name]: 'x' } }))).toEqual({
        code: 'bad_usage',
        problems: [`--set ${name}: the runbook has no such variable: one of baseUrl, token, remote`],
      });
    },
  );

  test.each(['nonsense', 'constructor', 'valueOf', ''])(
    'of ${%s}, which the runbook does not declare, is refused',
    async (name) => {
      const refused = await refusalOf(load(withRepair({ command: { argv: ['echo', `\${${name}}`] } })));
      expect(refused.code).toBe('invalid_runbook');
      expect(refused.problems).toHaveLength(1);
      expect(refused.problems[0]).toContain(`\${${name}} is no variable of this runbook`);
    },
  );

  test('of a variable called like a method of every object is its own', async () => {
    expect(await echoedWith({})).toEqual(['echo', 'the default']);
    expect(await echoedWith({ environment: { SMALL_VALUE: 'given' } })).toEqual(['echo', 'given']);
  });

  test('is put in once: what it says itself is no reference', async () => {
    const written = withRepair({ command: { argv: ['echo', 'say ${remote}'] } });
    const loaded = await load(written, { set: { remote: '/srv/${baseUrl}/remote.git' } });
    expect(loaded.runbook.remediation.repairs[0]?.command?.argv).toEqual([
      'echo',
      'say /srv/${baseUrl}/remote.git',
    ]);
  });
});

describe('a command', () => {
  const variables = {
    command: { env: 'SMALL_COMMAND', command: [['small-agent'], ['small-cargo', 'run', '--']] },
  };
  const written = withRepair({ command: { argv: ['${command}', '--help'] } }, variables);
  const argvWith = async (programs: readonly string[], loading: Loading = {}): Promise<unknown> => {
    const folder = join(await scratchFolder(), 'bin');
    await mkdir(folder);
    for (const program of programs) {
      await writeFile(join(folder, program), '#!/bin/sh\n');
      await chmod(join(folder, program), 0o755);
    }
    const environment = { PATH: folder, ...loading.environment };
    const loaded = await load(written, { ...loading, environment });
    return loaded.runbook.remediation.repairs[0]?.command?.argv;
  };

  test('is the first of its spellings whose program is on PATH', async () => {
    expect(await argvWith(['small-agent', 'small-cargo'])).toEqual(['small-agent', '--help']);
    expect(await argvWith(['small-cargo'])).toEqual(['small-cargo', 'run', '--', '--help']);
  });

  test('is the last spelling where none is on PATH, to be found missing when it is asked', async () => {
    expect(await argvWith([])).toEqual(['small-cargo', 'run', '--', '--help']);
  });

  test('that is given is split at white space and looked for nowhere', async () => {
    const environment = { SMALL_COMMAND: '  /opt/agent   --quiet ' };
    expect(await argvWith(['small-agent'], { environment })).toEqual(['/opt/agent', '--quiet', '--help']);
  });

  test('that is given as white space alone is not given', async () => {
    const environment = { SMALL_COMMAND: '   ' };
    expect(await argvWith(['small-agent'], { environment })).toEqual(['small-agent', '--help']);
  });
});

describe('a list', () => {
  const variables = { people: { env: 'SMALL_PEOPLE', list: true } };
  const environment = { SMALL_PEOPLE: ' a@example.org ,, b@example.org,' };

  test('is split at commas, trimmed, and spliced where it stands alone', async () => {
    const written = withRepair({ command: { argv: ['notify', '${people}', '--now'] } }, variables);
    const loaded = await load({ ...written, approval: { approvers: '${people}' } }, { environment });
    expect(loaded.plan.approval.approvers).toEqual(['a@example.org', 'b@example.org']);
    expect(loaded.runbook.remediation.repairs[0]?.command?.argv).toEqual([
      'notify',
      'a@example.org',
      'b@example.org',
      '--now',
    ]);
  });

  test.each([
    { where: 'inside a longer text', repair: { command: { argv: ['notify', '--to=${people}'] } } },
    { where: 'as an address', repair: { http: { url: '${people}' } } },
    { where: 'as a working directory', repair: { command: { argv: ['x'], workingDirectory: '${people}' } } },
    { where: 'as a header', repair: { http: { url: 'http://x.example', headers: { to: '${people}' } } } },
  ])('is refused $where, in one line', async ({ repair }) => {
    const refused = await refusalOf(load(withRepair(repair, variables), { environment }));
    expect(refused).toMatchObject({ code: 'invalid_runbook', problems: [expect.stringContaining('list')] });
    expect(refused.problems[0]).toContain('${people}');
  });

  test('may be a value of a JSON body', async () => {
    const repair = { http: { url: 'http://x.example', json: { to: '${people}' } } };
    const loaded = await load(withRepair(repair, variables), { environment });
    expect(loaded.runbook.remediation.repairs[0]?.http?.json).toEqual({
      to: ['a@example.org', 'b@example.org'],
    });
  });
});

describe('a secret', () => {
  test('stays a name in the runbook, and its value stands in none of its bytes', async () => {
    const loaded = await load(smallRunbook());
    expect(loaded.runbook.gates[0]?.http?.bearer).toBe('${token}');
    expect(Buffer.from(loaded.bytes).toString('utf8')).not.toContain(TOKEN);
    expect(JSON.stringify([loaded.plan, loaded.digest, loaded.policy])).not.toContain(TOKEN);
  });

  test('does not change the digest, so a rotated token leaves a running promotion alone', async () => {
    const rotated = { environment: { SMALL_TOKEN: 'another-token-altogether' } };
    expect((await load(smallRunbook(), rotated)).digest).toBe((await load(smallRunbook())).digest);
  });

  test('is opened by --set before the environment, and only where it has a value', async () => {
    const { runbook } = await load(smallRunbook());
    expect(openSecrets(runbook, sourcesOf({}))).toEqual({ token: TOKEN });
    expect(openSecrets(runbook, sourcesOf({ set: { token: 'from-the-flag' } }))).toEqual({
      token: 'from-the-flag',
    });
    expect(openSecrets(runbook, sourcesOf({ environment: { SMALL_TOKEN: '' } }))).toEqual({});
  });

  test.each<{ where: string; repair: Written }>([
    { where: 'an argument', repair: { command: { argv: ['login', '${token}'] } } },
    { where: 'a part of an argument', repair: { command: { argv: ['login', '--token=${token}'] } } },
    { where: 'an address', repair: { http: { url: 'http://x.example/?token=${token}' } } },
    { where: 'a working directory', repair: { command: { argv: ['login'], workingDirectory: '/${token}' } } },
  ])('is refused in $where', async ({ repair }) => {
    const refused = await refusalOf(load(withRepair(repair)));
    expect(refused.code).toBe('invalid_runbook');
    expect(refused.problems).toEqual([
      expect.stringContaining('a secret may stand in bearer, basic, headers, json, text or password only'),
    ]);
    expect(refused.problems.join()).not.toContain(TOKEN);
  });

  test('may stand in a bearer token, a header and a JSON body', async () => {
    const http = {
      url: 'http://x.example',
      bearer: '${token}',
      headers: { 'x-key': 'key ${token}' },
      json: { deep: [{ key: '${token}' }] },
    };
    const loaded = await load(withRepair({ http }));
    expect(loaded.runbook.remediation.repairs[0]?.http).toMatchObject({
      bearer: '${token}',
      headers: { 'x-key': 'key ${token}' },
      json: { deep: [{ key: '${token}' }] },
    });
  });
});

/** What is sent in a header. */
const sent = async (header: string, loading: Loading = {}): Promise<string> => {
  const http = { url: 'http://x.example', headers: { 'x-said': header } };
  const loaded = await load(withRepair({ http }), loading);
  const said = loaded.runbook.remediation.repairs[0]?.http?.headers['x-said'] ?? '';
  return openText(said, { token: TOKEN });
};

describe('a literal ${', () => {
  test('is written $${ and is no reference', async () => {
    const loaded = await load(withRepair({ command: { argv: ['sh', '-c', 'echo $${HOME} $${nonsense'] } }));
    expect(loaded.runbook.remediation.repairs[0]?.command?.argv).toEqual([
      'sh',
      '-c',
      'echo ${HOME} ${nonsense',
    ]);
  });

  test('beside a secret opens to what was written, and the secret to its value', async () => {
    expect(await sent('${token} $${other}')).toBe(`${TOKEN} \${other}`);
  });

  test('that names a secret does not give it away', async () => {
    expect(await sent('$${token}')).toBe('${token}');
  });

  test('in a variable’s value does not give a secret away', async () => {
    expect(await sent('at ${remote}', { set: { remote: '/srv/${token}' } })).toBe('at /srv/${token}');
    expect(await sent('at ${remote}', { set: { remote: '/srv/$${token}' } })).toBe('at /srv/$${token}');
  });
});
