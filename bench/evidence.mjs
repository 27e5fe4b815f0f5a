// What a run's evidence costs on the disk, over a loop that writes the same files as durably; and how verifying a target grows with
// its runs.
import { randomBytes } from 'node:crypto';
import { cp, link, mkdir, mkdtemp, open, readdir, readFile, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { decodePublicKey } from '../dist/src/adapters/attestation/signing-key.js';
import { createFileStore } from '../dist/src/adapters/evidence/file-store.js';
import { RunEvidence } from '../dist/src/adapters/evidence/run-evidence.js';
import { createVerifier } from '../dist/src/adapters/signatures/verify.js';
import { verifyTarget } from '../dist/src/adapters/verification/chain.js';
import { loadWrittenRunbook, openKey, stepsOf, TARGET } from '../test/deep/evidence-writes/whole-run.mjs';
import { spread } from './promotions.mjs';

const [WARM_UP, PAIRS] = [3, 41];
const [FEW, MANY] = [100, 1_000];
/** After one that is not counted. */
const ROUNDS = 5;

export async function run() {
  const folder = await mkdtemp(join(tmpdir(), 'promote-bench-'));
  try {
    await writing(join(folder, 'writing'));
    await verifying(join(folder, 'verifying'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The run that is measured is a target's second one, as whole as a run can be. */
async function writing(folder) {
  const loaded = await loadWrittenRunbook();
  const [ratios, figures] = [[], []];
  for (let pair = 1; pair <= WARM_UP + PAIRS; pair += 1) {
    const root = join(folder, `${pair}`, 'reports');
    const evidence = new RunEvidence(createFileStore(root));
    await writeRun(evidence, loaded, 1);
    const before = new Set(await filesOf(root));
    const beganAt = performance.now();
    await writeRun(evidence, loaded, 2);
    const ours = performance.now() - beganAt;
    const paths = (await filesOf(root)).filter((path) => !before.has(path));
    const files = await Promise.all(
      paths.map(async (path) => ({ path, bytes: await readFile(join(root, path)) })),
    );
    const loop = await writeLoop(join(folder, `${pair}`, 'loop'), files);
    if (pair <= WARM_UP) continue;
    ratios.push(ours / loop);
    figures.push({ ours, loop, files: files.length });
  }
  const [{ files }] = figures;
  process.stdout.write(
    `a run's ${files} files over a loop that writes them as durably: ${spread(ratios, 2)}; ` +
      `${spread(
        figures.map(({ ours }) => ours),
        0,
      )} ms over ${spread(
        figures.map(({ loop }) => loop),
        0,
      )} ms\n`,
  );
}

async function writeRun(evidence, loaded, n) {
  for (const write of stepsOf(evidence, loaded, n, n === 1 ? 'short' : 'whole')) await write();
}

async function filesOf(root) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

/** Writes, fsyncs and links each, and fsyncs its folder once. */
async function writeLoop(root, files) {
  const beganAt = performance.now();
  for (const { path, bytes } of files) {
    const folder = dirname(join(root, path));
    await mkdir(folder, { recursive: true });
    const unfinished = join(folder, `.tmp-${randomBytes(8).toString('hex')}`);
    const file = await open(unfinished, 'wx', 0o600);
    await file.writeFile(bytes);
    await file.sync();
    await file.close();
    await link(unfinished, join(root, path));
    await unlink(unfinished);
    const parent = await open(folder);
    await parent.sync();
    await parent.close();
  }
  return performance.now() - beganAt;
}

async function verifying(folder) {
  const loaded = await loadWrittenRunbook();
  const roots = { few: join(folder, 'few'), many: join(folder, 'many') };
  const evidence = new RunEvidence(createFileStore(roots.many));
  for (let n = 1; n <= MANY; n += 1) {
    await writeRun(evidence, loaded, n);
    if (n === FEW) await cp(roots.many, roots.few, { recursive: true });
  }
  const few = [];
  const many = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const took = [await verifyAll(roots.few, FEW), await verifyAll(roots.many, MANY)];
    if (round === 0) continue;
    few.push(took[0]);
    many.push(took[1]);
  }
  const ratios = many.map((ms, round) => ms / few[round]);
  process.stdout.write(
    `verify --all of ${MANY} runs over ${FEW}: ${spread(ratios, 2)}; ${spread(many, 0)} ms over ${spread(few, 0)} ms\n`,
  );
}

async function verifyAll(root, count) {
  const { keyid, publicKey } = await openKey();
  const key = {
    keyid,
    publicKey,
    key: decodePublicKey(publicKey),
    deployment: 'd',
    notBefore: '2026-01-01T00:00:00.000Z',
    notAfter: null,
    compromisedAt: null,
  };
  const trust = { signers: undefined, verify: createVerifier({ searchPath: '/nowhere' }), keys: [key] };
  const folders = await new RunEvidence(createFileStore(root)).foldersOf(TARGET);
  const beganAt = performance.now();
  const { runs, findings } = await verifyTarget(root, TARGET, folders, trust, undefined);
  const tookMs = performance.now() - beganAt;
  // Its answers and its start tell no story; that all of it is as it was sealed is made sure of.
  const broken = [...runs.flatMap((run) => run.findings), ...findings].filter(({ code }) =>
    /^(?:file|journal|manifest|attestation|signer|previous|run)_/.test(code),
  );
  if (runs.length !== count || broken.length > 0)
    throw new Error(`${runs.length} runs, ${broken.length} findings: ${JSON.stringify(broken[0])}`);
  return tookMs;
}
