// npm run verify: the whole gate. Each step says how long it took; the first that fails does not hide the others.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root, setUp } from './setup.mjs'

setUp()
const bin = (name, path) => [process.execPath, [join(root, 'node_modules', name, path)]]
const tsx = ['--conditions=qsm-source', '--import', 'tsx']
const script = path => [process.execPath, [...tsx, path]]
const biome = bin('@biomejs/biome', 'bin/biome')
const compiler = bin('typescript', 'bin/tsc')

const steps = [
  ['format', biome, ['format', '.']],
  ['lint', biome, ['lint', '.']],
  ['types', compiler, ['-b']],
  ['types of tests', compiler, ['-p', 'tsconfig.tests.json']],
  ['structure', script('scripts/check-structure.ts'), []],
  ['generated files', script('scripts/generate.ts'), ['--check']],
  ['tests', [process.execPath, ['scripts/test.mjs']], ['--coverage']],
].filter(([, [, [path]]]) => path !== 'scripts/check-structure.ts' || existsSync(join(root, path)))

const results = []
let counts = ''
for (const [name, [command, prefix], args] of steps) {
  const begun = performance.now()
  console.log(`\n── ${name}`)
  const capture = name === 'tests'
  const { status, stdout } = spawnSync(command, [...prefix, ...args], {
    cwd: root,
    stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1e9,
  })
  if (capture) {
    process.stdout.write(stdout)
    counts = stdout.trimEnd().split('\n').findLast(line => /^\d+ passed, \d+ failed/.test(line)) ?? ''
  }
  results.push({ name, ok: status === 0, seconds: (performance.now() - begun) / 1000 })
}
console.log('')
for (const { name, ok, seconds } of results) console.log(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(18)} ${seconds.toFixed(1)} s`)
const failedSteps = results.filter(result => !result.ok)
console.log(counts || `0 passed, ${failedSteps.length} failed`)
process.exitCode = failedSteps.length === 0 ? 0 : 1
