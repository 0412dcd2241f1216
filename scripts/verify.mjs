// npm run verify [-- STEPS]: the whole gate, or only the steps that are named. A step that fails does not hide the others.
import { join } from 'node:path'
import { runQuietly } from './setup/run-quietly.mjs'
import { say } from './setup/step.mjs'
import { root, setUp } from './setup.mjs'
import { runTests } from './test/run-tests.mjs'

const installed = path => join(root, 'node_modules', path)
const biome = installed('@biomejs/biome/bin/biome')
const script = path => ['--conditions=qsm-source', '--import', 'tsx', join(root, 'scripts', path)]

/** What Node runs for each step, and what to do when it fails. */
const checks = {
  format: { args: [biome, 'format', '.'], cure: 'npm run format' },
  lint: { args: [biome, 'check', '--formatter-enabled=false', '.'], cure: 'npm run lint -- --write' },
  types: { args: [installed('typescript/bin/tsc'), '-b'] },
  structure: { args: script('check-structure.ts') },
  unused: { args: [installed('knip/bin/knip.js'), '--no-config-hints'] },
  generated: { args: [...script('generate.ts'), '--check'], cure: 'npm run generate' },
}
const names = [...Object.keys(checks), 'tests']

const check = async name => {
  const { args, cure } = checks[name]
  const { code, output } = await runQuietly(process.execPath, args, { cwd: root })
  if (code === 0) return { passed: 1, failed: 0 }
  console.error(output.trimEnd())
  if (cure) console.error(`What a program can put right: ${cure}`)
  return { passed: 0, failed: 1 }
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !names.includes(name))
if (unknown.length > 0) {
  console.error(`There is no step ${unknown.join(', ')}. The steps: ${names.join(', ')}`)
  process.exit(2)
}

process.chdir(root)
await setUp()
const results = []
for (const name of names.filter(name => wanted.length === 0 || wanted.includes(name))) {
  const begun = performance.now()
  say(`${name} ...`)
  const { passed, failed } = name === 'tests' ? await runTests(root, ['--coverage']) : await check(name)
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1)
  say(`${name} ${failed === 0 ? 'ok' : 'FAILED'}, ${seconds} s`)
  results.push({ name, passed, failed, seconds })
}

console.log('')
for (const { name, passed, failed, seconds } of results) {
  const counts = name === 'tests' ? `   ${passed} passed, ${failed} failed` : ''
  console.log(`${failed === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(10)} ${seconds.padStart(6)} s${counts}`)
}
const sum = key => results.reduce((total, result) => total + result[key], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') === 0 ? 0 : 1
