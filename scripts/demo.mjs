// The whole story between two people, against a fresh server. Prints what happens and whether it was right.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
if (!existsSync(new URL('../services/standalone/dist/src/main.js', import.meta.url))) {
  const setup = existsSync(new URL('./setup.mjs', import.meta.url)) ? 'setup.mjs' : null
  if (setup) {
    const { setUp } = await import(`./${setup}`)
    await setUp()
  } else spawnSync('npx', ['tsc', '-b'], { cwd: root, stdio: 'inherit' })
}
const { playDemo } = await import('./demo/play.mjs')
process.exitCode = await playDemo()
