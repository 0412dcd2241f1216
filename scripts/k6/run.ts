// npm run load -- NAME: puts load on BASE_URL (by default `npm start` on this machine) with k6. Writes load-results/NAME.json
// and NAME.html, and ends with the exit code of k6: 0, or 99 where a threshold was crossed.
// npm run load -- --bundle NAME: only writes load-results/NAME.js, one file that k6 runs anywhere.
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bundle } from './bundle.js'
import { requireK6 } from './find-k6.js'
import { load } from './load.js'
import { type Scenario, scenarios } from './scenarios.js'
import { shapeOf, shapeVariables } from './shape.js'

const results = resolve('load-results')
const args = process.argv.slice(2)
const isBundle = args[0] === '--bundle'
const [name = '', ...rest] = isBundle ? args.slice(1) : args
const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined

const usage = () =>
  [
    'npm run load -- NAME          puts load on BASE_URL, by default http://127.0.0.1:8000',
    'npm run load -- --bundle NAME only writes load-results/NAME.js',
    '',
    ...Object.entries(scenarios).map(([name, { says }]) => `  ${name.padEnd(16)} ${says}`),
    '',
    `How much: ${Object.values(shapeVariables).join(', ')} (docs/load-testing.md)`,
  ].join('\n')

const targetOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.pathname !== '/') {
    throw new Error('BASE_URL: an address such as http://127.0.0.1:8000, without a path, a user or a password')
  }
  return url.origin
}

const run = async (scenario: Scenario): Promise<number> => {
  if (isBundle) {
    mkdirSync(results, { recursive: true })
    await bundle(name, join(results, `${name}.js`))
    console.error(`load-results/${name}.js`)
    return 0
  }
  const baseUrl = targetOf(process.env.BASE_URL || 'http://127.0.0.1:8000')
  const shape = shapeOf(scenario, process.env)
  const k6 = requireK6()
  await fetch(`${baseUrl}/api/health`).catch(error => {
    throw new Error(`nobody answers at ${baseUrl} (${error.cause?.code ?? error.message}): start one with npm start`)
  })
  const code = await load({ name, scenario, shape, k6, baseUrl, results, say: console.error })
  console.error(`load-results/${name}.json, load-results/${name}.html`)
  return code
}

if (!scenario || rest.length > 0) {
  console.error(usage())
  process.exitCode = 2
} else {
  process.exitCode = await run(scenario).catch(error => {
    console.error(error instanceof Error ? error.message : error)
    return 1
  })
}
