import { defineConfig, mergeConfig } from 'vitest/config'
import base from './vitest.config.js'

/** The tests that need a browser on this machine; `npm test` leaves them out. */
const config = mergeConfig(base, defineConfig({ test: { testTimeout: 60_000 } }))

export default { ...config, test: { ...config.test, include: ['tests/browser/**/*.test.ts'], exclude: [] } }
