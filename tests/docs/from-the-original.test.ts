import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { authPodVariables } from '@qsm/auth'
import { mainRoutes, quantumRoutes } from '@qsm/contract'
import { messagePodVariables } from '@qsm/message'
import { quantumPodVariables } from '@qsm/quantum-crypto'
import { describeVariables } from '@qsm/server-kit'
import { standaloneVariables } from '@qsm/standalone'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8')

/** Everything of a page that stands in backticks and looks like a variable. */
const variablesOf = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?==|`)/g)].map(match => match[1] ?? '')),
]
const known = Object.entries(standaloneVariables).flatMap(([name, variable]) => [
  name,
  ...('aliases' in variable ? variable.aliases : []),
])
/** Of the scripts, of the platform, and the form of every name. */
const others = ['QSM_LOG_MAX_BYTES', 'WEBSITES_PORT', 'NAME_FILE', 'FAULTS_ONLY']

describe('docs/from-the-original.md', () => {
  it.each([
    ['port 8000', mainRoutes],
    ['port 8001', quantumRoutes],
  ])('names every route of %s', (_, routes) => {
    const text = page('from-the-original.md')
    const wanted = routes.map(({ method, path }) => `\`${method.toUpperCase()} ${path}\``)
    expect(wanted.filter(name => !text.includes(name))).toEqual([])
  })

  it('names no route that is not there', () => {
    const named = [...page('from-the-original.md').matchAll(/`((?:GET|POST|PUT|DELETE) \/[^`]*)`/g)].map(
      ([, name]) => name,
    )
    const routes = [...mainRoutes, ...quantumRoutes].map(({ method, path }) => `${method.toUpperCase()} ${path}`)
    expect(named.filter(name => !routes.includes(name ?? ''))).toEqual([])
  })

  it('names each variable that had to keep its meaning', () => {
    const names =
      'AZURE_ENV DATABASE_URL JWT_SECRET ALLOWED_ORIGINS QUANTUM_API_URL ENABLE_WEBSOCKET TOKEN_EXPIRE_MINUTES'
    for (const name of `${names} PORT`.split(' ')) expect(page('from-the-original.md')).toContain(`| \`${name}\` |`)
  })
})

describe('the variables of a page', () => {
  it.each(['from-the-original.md', 'azure.md', 'replicas.md'])('are variables of the server: %s', name => {
    const named = variablesOf(page(name))
    expect(named.length).toBeGreaterThan(8)
    expect(named.filter(variable => ![...known, ...others].includes(variable))).toEqual([])
  })

  it('are, in replicas.md, also all that a pod cannot do without', () => {
    const pods = [authPodVariables, messagePodVariables, quantumPodVariables]
    const required = pods.flatMap(describeVariables).filter(variable => variable.required)
    const named = variablesOf(page('replicas.md'))
    expect(required.length).toBeGreaterThan(8)
    expect(required.filter(({ variable }) => !named.includes(variable))).toEqual([])
  })
})
