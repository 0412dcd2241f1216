import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['qsm-source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['qsm-source', 'node', 'import', 'default'] } },
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'services/*/{src,test}/**/*.test.ts', 'wasm/{src,test}/**/*.test.ts', 'tests/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
