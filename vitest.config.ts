import { defineConfig } from 'vitest/config';

// Tests run on the sources: the `source` condition of each workspace points at its `src/index.ts`.
export default defineConfig({
  ssr: { resolve: { conditions: ['source', 'node'], externalConditions: ['node'] } },
  resolve: { conditions: ['source', 'node'] },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
    pool: 'forks',
    // One database server for the whole run; it starts only when a test asks for a database.
    globalSetup: ['packages/postgres/src/testing/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
