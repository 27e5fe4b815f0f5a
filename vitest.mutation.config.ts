import { defineConfig } from 'vitest/config';

// The fast tests of what is mutated: examples and tables, without the properties and the whole decision table, which take
// longer and would only hide that an example is missing.
export default defineConfig({
  test: {
    include: ['test/domain/**/*.test.ts', 'test/tau/**/*.test.ts'],
    exclude: ['test/**/*.properties.test.ts', 'test/domain/decisions.test.ts'],
    testTimeout: 60_000,
    // One import of the rules' tests a mutant, not one a file.
    isolate: false,
  },
});
