import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..');

/** What this project's docker-compose.yml uses of the Compose specification: another key is a mistake until it stands here. */
const healthcheck = z.strictObject({
  test: z.array(z.string()).refine(([kind]) => kind === 'CMD', 'no shell'),
  interval: z.string(),
  timeout: z.string(),
  start_period: z.string(),
  retries: z.int(),
});
const service = z.strictObject({
  image: z.string(),
  build: z.string().optional(),
  user: z.string().optional(),
  restart: z.string(),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  read_only: z.boolean(),
  logging: z.unknown().optional(),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  env_file: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.array(z.string()).default([]),
  shm_size: z.string().optional(),
  networks: z.array(z.string()),
  ports: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.string() })).default({}),
  healthcheck: healthcheck.optional(),
  stop_grace_period: z.string().optional(),
  deploy: z.unknown().optional(),
});
const composeFile = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.unknown()),
  volumes: z.record(z.string(), z.unknown()),
});
export type Service = z.infer<typeof service>;

export const COMPOSE_TEXT = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

/** docker-compose.yml as it stands, nothing put in. */
export const COMPOSE = composeFile.parse(parse(COMPOSE_TEXT, { merge: true }));

export function serviceNamed(name: string): Service {
  const found = COMPOSE.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

/** Makes `.env` and `worker.env` in a folder, as its user would. @returns what it says */
export function makeEnvironment(folder: string): string {
  return execFileSync(process.execPath, [join(root, 'scripts/compose-env.mjs'), '--folder', folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The assignments of an environment file. */
export function readEnvironment(path: string): Readonly<Record<string, string>> {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** The variables that the file takes from outside, by name. */
export function variablesOf(text: string): readonly string[] {
  return [...new Set([...text.matchAll(VARIABLE)].map(([, name = '']) => name))];
}

/** A service's environment as its container has it. Throws where a variable is not given. */
export function environmentOf(
  { environment }: Service,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replaceAll(VARIABLE, (_, variable: string) => {
        const found = given[variable];
        if (found === undefined) throw new Error(`${variable} is not given`);
        return found;
      }),
    ]),
  );
}

const VARIABLE = /\$\{([A-Z_]+)(?::\?[^}]*)?\}/g;
