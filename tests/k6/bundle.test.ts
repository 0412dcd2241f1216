import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { bundle } from '../../scripts/k6/bundle.js'
import { requireK6 } from '../../scripts/k6/find-k6.js'
import { type Scenario, scenarios } from '../../scripts/k6/scenarios.js'
import { shapeOf } from '../../scripts/k6/shape.js'

const scripts = fileURLToPath(new URL('../../scripts/k6/scenarios/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'qsm-bundles-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the scripts of k6', () => {
  test('are those that can be run by name', () => {
    expect(readdirSync(scripts).sort()).toEqual(
      Object.keys(scenarios)
        .map(name => `${name}.ts`)
        .sort(),
    )
  })

  test.each(Object.keys(scenarios))('%s becomes one file that imports nothing but k6', async name => {
    const file = join(folder, `${name}.js`)
    await bundle(name, file)
    const text = readFileSync(file, 'utf8')
    const imported = [...text.matchAll(/^import .* from "(.*)";$/gm)].map(([, specifier]) => specifier)
    expect(imported.length).toBeGreaterThan(0)
    expect(imported.filter(specifier => !/^k6(\/|$)/.test(specifier ?? ''))).toEqual([])
    expect(text).not.toMatch(/import\(|require\(|https?:\/\/(?!127\.0\.0\.1)/)
  })
})

describe('how much load', () => {
  const scenario = scenarios['send-thin'] as Scenario

  test('is what fits a server on its defaults, or what variables say', () => {
    expect(shapeOf(scenario, {})).toEqual({ ...scenario.shape, slack: 1 })
    expect(shapeOf(scenario, { LOAD_PAIRS: '3', LOAD_SLACK: '2.5' })).toMatchObject({ pairs: 3, slack: 2.5 })
  })

  test.each([
    ['LOAD_PAIRS', '0'],
    ['LOAD_PAIRS', '1.5'],
    ['LOAD_SECONDS', 'long'],
    ['LOAD_PER_SECOND', '-1'],
  ])('%s=%s is refused by its name', (variable, value) => {
    expect(() => shapeOf(scenario, { [variable]: value })).toThrow(new RegExp(`^${variable}: a .*"${value}"$`))
  })
})

test('a missing k6 is told with how to get it', () => {
  expect(() => requireK6({ K6_BINARY: '/there/is/no/k6' })).toThrow(
    /not run: k6 is not there.*go install go\.k6\.io\/k6@v1/,
  )
})
