#!/usr/bin/env node
import { existsSync } from 'node:fs'

const main = new URL('../dist/src/main.js', import.meta.url)
if (!existsSync(main)) {
  console.error(
    'qsm is not built yet. Run: node scripts/setup.mjs (it installs and builds, and starts nothing), then try again.',
  )
  process.exit(1)
}
const { run } = await import(main.href)
process.exitCode = await run(process.argv.slice(2))
