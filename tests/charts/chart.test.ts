import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { splitByTemplate } from '../../scripts/generate/chart/split-by-template.js'
import { findHelm } from '../../scripts/tools/helm.mjs'
import { lintChart } from '../../scripts/tools/helm-template.js'
import { type CaseName, cases } from './cases.js'
import { type Rendered, render } from './rendered.js'
import { environmentSuite } from './suites/environment-suite.js'
import { networkSuite } from './suites/network-suite.js'
import { objectsSuite } from './suites/objects-suite.js'
import { podsSuite } from './suites/pods-suite.js'

const found = await findHelm()

const renderCase = async (helm: string, name: CaseName): Promise<readonly [CaseName, Rendered]> => [
  name,
  await render(helm, { name: name === 'full' ? 'full' : 'qsm', namespace: 'qsm', values: cases[name] }),
]

test('the continuous integration, which has a network, has a helm', () => {
  if (process.env.GITHUB_ACTIONS) expect(found).toEqual({ helm: expect.any(String) })
})

if (found.helm === null) {
  describe.skip(`the chart: not run, ${found.why}`, () => {
    test('renders', () => {})
  })
} else {
  const { helm } = found
  const names = Object.keys(cases) as readonly CaseName[]
  const rendered = Object.fromEntries(await Promise.all(names.map(name => renderCase(helm, name)))) as Record<
    CaseName,
    Rendered
  >

  objectsSuite(rendered)
  podsSuite(rendered)
  networkSuite(rendered)
  environmentSuite(rendered)

  test.each(['ha', 'tls-gateway'] as const)('%s renders the same a second time, for its secrets exist', async name => {
    const [, again] = await renderCase(helm, name)
    expect(again.text).toBe(rendered[name].text)
  })

  test.each(['minimal', 'ha', 'tls-gateway'] as const)('examples/%s/rendered shows what the chart gives', name => {
    const folder = `charts/qsm/examples/${name}/rendered`
    const committed = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.yaml'))
    const texts = committed.map(path => [path, readFileSync(join(folder, path), 'utf8')] as const)
    expect(Object.fromEntries(texts), 'npm run generate').toEqual(
      Object.fromEntries(splitByTemplate(rendered[name].text)),
    )
  })

  test.each(names)('helm lint --strict finds nothing in %s', async name => {
    const { code, output } = await lintChart(helm, cases[name])
    expect(output).toContain('0 chart(s) failed')
    expect(code).toBe(0)
  })
}
