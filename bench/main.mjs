// npm run bench -- NAME: ratios measured in one run. No test and no check depends on a figure.
const BENCHES = {
  evidence: () => import('./evidence.mjs'),
  promotions: () => import('./promoting.mjs'),
  readiness: () => import('./readiness.mjs'),
  round: () => import('./round.mjs'),
  waiting: () => import('./waiting.mjs'),
  watch: () => import('./watch.mjs'),
  watches: () => import('./watches.mjs'),
};

const [name = ''] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) {
  process.stderr.write(
    `bench: name one of ${Object.keys(BENCHES).join(', ')}, e.g. npm run bench -- round\n`,
  );
  process.exit(2);
}
const { run } = await bench();
await run();
process.exit(0);
