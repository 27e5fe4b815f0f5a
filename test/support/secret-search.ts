// Looks for a secret in whatever a promotion leaves behind, in the spellings below.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

import type { Ended } from './command-line.js';

export interface Text {
  readonly name: string;
  /** One character a byte. */
  readonly text: string;
}

/** Every history of the namespace, as it is exported, and what its payloads hold. */
export async function exportHistories(client: Client): Promise<readonly Text[]> {
  const texts: Text[] = [];
  for await (const { workflowId, runId } of client.workflow.list())
    texts.push(await exportHistory(client, workflowId, runId));
  return texts;
}

export async function exportHistory(client: Client, workflowId: string, runId: string): Promise<Text> {
  const exported = historyToJSON(await client.workflow.getHandle(workflowId, runId).fetchHistory());
  // Payloads stand in it as base64; what is none decodes into nothing that is looked for.
  const payloads = [...exported.matchAll(/"([A-Za-z0-9+/=]{8,})"/g)].map(([, encoded = '']) =>
    Buffer.from(encoded, 'base64').toString('latin1'),
  );
  return { name: workflowId, text: [byteText(exported), ...payloads].join('\n') };
}

export async function filesBelow(folder: string): Promise<readonly Text[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        return { name: path, text: `${byteText(path)}\n${await readFile(path, 'latin1')}` };
      }),
  );
}

export function said({ stdout, stderr }: Ended): string {
  return byteText(stdout + stderr);
}

export function byteText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Which of the texts hold one of these, and which. */
export function found(texts: readonly Text[], wanted: readonly string[]): readonly string[] {
  const needles = wanted.map(byteText);
  return texts.flatMap(({ name, text }) =>
    needles.filter((needle) => text.includes(needle)).map((needle) => `${name}: ${needle}`),
  );
}

/** A text as it may stand in a file, a log or a body. Of base64 the characters that depend on nothing around it. */
export function spellings(text: string): readonly string[] {
  const bytes = Buffer.from(text, 'utf8');
  const json = JSON.stringify(text).slice(1, -1);
  const url = encodeURIComponent(text);
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
  const spelled = [
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll('/', '\\/'),
    url,
    url.toLowerCase(),
    encodeURIComponent(url),
    encodeURI(text),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...base64,
    ...base64.map((each) => each.replaceAll('+', '-').replaceAll('/', '_')),
    ...base64.map((each) => encodeURIComponent(each)),
  ];
  return [...new Set(spelled)];
}
