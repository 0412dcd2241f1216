import { defineConfig } from 'vitest/config'

// Vitest hands these to Node as well; `import` among them would break CommonJS packages such as pg.
const conditions = ['qsm-source', 'node']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'services/*/test/**/*.test.ts',
      'wasm/test/**/*.test.ts',
      'tests/**/*.test.ts',
    ],
    // Those in a browser have a configuration of their own.
    exclude: ['**/node_modules/**', '**/dist/**', 'tests/browser/**'],
    globalSetup: ['tests/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**', 'services/*/src/**', 'wasm/src/**'],
      reporter: ['text-summary'],
    },
  },
})
