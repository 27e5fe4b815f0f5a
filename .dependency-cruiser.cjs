// The import table of ARCHITECTURE.md ("Layers"), checked. Each layer lists what it may import from this
// project and which libraries; everything else is an error.
const LAYERS = {
  'src/domain': { own: [], libraries: [], node: false },
  'src/contracts': { own: ['src/domain'], libraries: ['zod'], node: false },
  'src/tau': { own: ['src/domain'], libraries: ['zod'], node: false },
  'src/readers': { own: ['src/domain'], libraries: ['zod'], node: false },
  'src/adapters': {
    own: ['src/domain', 'src/contracts', 'src/tau', 'src/readers'],
    libraries: 'any',
    node: true,
  },
  activities: {
    own: ['src/domain', 'src/contracts', 'src/tau', 'src/readers'],
    types: ['src/adapters'],
    libraries: ['@temporalio/activity', '@temporalio/common'],
    node: false,
  },
  workflows: {
    own: ['src/domain'],
    types: ['activities'],
    libraries: ['@temporalio/workflow', '@temporalio/common'],
    node: false,
  },
  'src/client(\\.ts)?': {
    own: ['src/domain', 'src/contracts', 'workflows/messages\\.ts'],
    types: ['workflows/(promotion|admission|reconcile)\\.ts'],
    libraries: ['@temporalio/client', '@temporalio/common'],
    node: false,
  },
  'src/wiring\\.ts': {
    own: ['src/adapters', 'src/config\\.ts', 'src/contracts', 'src/domain', 'src/tau', 'src/readers'],
    libraries: [],
    node: true,
  },
  'src/evidence-wiring\\.ts': {
    own: ['src/adapters', 'src/config\\.ts', 'src/contracts', 'src/domain', 'src/tau', 'src/readers'],
    libraries: [],
    node: true,
  },
  'src/doctor-wiring\\.ts': {
    own: ['src/adapters', 'src/config\\.ts', 'src/contracts', 'src/domain'],
    libraries: [],
    node: true,
  },
  'src/readiness-wiring\\.ts': { own: ['src/adapters'], libraries: [], node: false },
  'src/engine': { own: ['src/contracts'], libraries: 'any', node: true },
  'src/config\\.ts': { own: ['src/contracts'], libraries: 'any', node: true },
  'src/rehearsal': {
    own: ['src/domain', 'src/contracts', 'src/tau', 'src/readers'],
    libraries: 'any',
    node: true,
  },
  'src/(cli|console)': {
    own: [
      'src/wiring\\.ts',
      'src/readiness-wiring\\.ts',
      'src/evidence-wiring\\.ts',
      'src/doctor-wiring\\.ts',
      'src/client\\.ts',
      'src/engine',
      'src/config\\.ts',
      'src/contracts',
      'src/domain',
      'src/tau',
      'src/readers',
    ],
    lazy: ['src/rehearsal', 'worker'],
    libraries: 'any',
    node: true,
  },
  worker: {
    own: ['activities', 'workflows', 'src/wiring\\.ts', 'src/config\\.ts', 'src/domain'],
    libraries: 'any',
    node: true,
  },
};

const layerRules = Object.entries(LAYERS).flatMap(([layer, allowed]) => {
  const name = layer.replaceAll('\\', '');
  const from = { path: `^${layer}(/|$)` };
  const own = [layer, ...allowed.own].map((path) => `^${path}(/|$)`);
  const types = (allowed.types ?? []).map((path) => `^${path}(/|$)`);
  const lazy = (allowed.lazy ?? []).map((path) => `^${path}(/|$)`);
  const outside = '^(node_modules/|test/|bench/|scripts/)';
  const rules = [
    {
      name: `layer:${name}`,
      severity: 'error',
      from,
      to: {
        dependencyTypesNot: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-no-pkg'],
        pathNot: [...own, ...types, ...lazy, outside],
      },
    },
    { name: `layer:${name}:test`, severity: 'error', from, to: { path: '^(test|bench|scripts)/' } },
  ];
  if (types.length > 0)
    rules.push({
      name: `layer:${name}:types-only`,
      severity: 'error',
      from,
      to: { path: types, dependencyTypesNot: ['type-only'] },
    });
  if (lazy.length > 0)
    rules.push({
      name: `layer:${name}:lazy-only`,
      severity: 'error',
      from,
      to: { path: lazy, dynamic: false, dependencyTypesNot: ['type-only'] },
    });
  if (!allowed.node)
    rules.push({ name: `layer:${name}:no-node`, severity: 'error', from, to: { dependencyTypes: ['core'] } });
  if (allowed.libraries !== 'any')
    rules.push({
      name: `layer:${name}:libraries`,
      severity: 'error',
      from,
      to: {
        path: '^node_modules/',
        pathNot: allowed.libraries.map((library) => `^node_modules/${library}/`),
      },
    });
  return rules;
});

module.exports = {
  forbidden: [
    ...layerRules,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'not-to-dev-dependency',
      severity: 'error',
      from: { path: '^(src|activities|workflows|worker)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'one-user-of-the-temporal-client',
      severity: 'error',
      from: { path: '^(src|activities|workflows|worker)/', pathNot: '^src/client(\\.ts$|/)' },
      to: { path: '^node_modules/@temporalio/client/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
