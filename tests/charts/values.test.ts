import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { configSchemas } from '../../scripts/generate/chart/config-schema.js'
import { readValues, type ValueKey } from '../../scripts/generate/chart/read-values.js'
import { valuesSchema } from '../../scripts/generate/chart/values-schema.js'

const text = readFileSync('charts/qsm/values.yaml', 'utf8')
const noConfig = { of: () => ({ type: 'object' }), definitions: {} }

const allKeys = (keys: readonly ValueKey[]): readonly ValueKey[] => keys.flatMap(key => [key, ...allKeys(key.keys)])

describe('the values of the chart', () => {
  test('can be read in one sitting: they have fewer than 500 lines', () => {
    expect(text.split('\n').length).toBeLessThan(500)
  })

  test('are each explained by a comment', () => {
    const leaves = allKeys(readValues(text)).filter(({ keys }) => keys.length === 0)
    expect(leaves.length).toBeGreaterThan(100)
    expect(leaves.filter(({ doc }) => doc.length < 5)).toEqual([])
  })
})

describe('the generator of their schema', () => {
  test('refuses a key without a comment', () => {
    expect(() => readValues('# -- One.\na: 1\nb: 2\n')).toThrow(
      'values.yaml: b has no comment: put "# -- what it means" above line 3',
    )
    expect(() => readValues('a:\n  # Only a remark.\n  b: 2\n')).toThrow('a.b has no comment')
  })

  test('refuses a directive that it does not know', () => {
    expect(() => readValues('# -- One.\na: "" # @enmu x y\n')).toThrow('a has "# @enmu x y"')
  })

  test('refuses a default whose type nobody can tell', () => {
    expect(() => valuesSchema(readValues('# -- One.\na: {}\n'), noConfig, {})).toThrow(
      'default of a does not tell its type',
    )
  })

  test('refuses a secret of a service for which the chart has no place', () => {
    expect(() => configSchemas({ JWT_SECRET: 'x' })).toThrow('must say where these secrets are given: DATABASE_URL')
  })

  test('takes what a component overrides as it is described among the defaults', () => {
    const [, components] = readValues(
      'defaults:\n  # -- How many.\n  replicas: 2\ncomponents:\n  # -- One.\n  auth: # @component auth\n    replicas: 3\n',
    )
    expect(components?.keys[0]?.keys[0]).toMatchObject({
      path: 'components.auth.replicas',
      doc: 'How many.',
      default: 3,
    })
  })
})
