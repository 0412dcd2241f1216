import { ConfigError } from '@qsm/server-kit'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.js'

const problemsOf = (environment: Readonly<Record<string, string>>): readonly string[] => {
  try {
    readConfig({ QSM_ENV: 'development', ...environment })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ variable }) => variable)
    throw error
  }
}

it('needs REDIS_URL where other variables of Redis are set', () => {
  expect(problemsOf({ REDIS_SENTINELS: 'sentinel-0:26379' })).toEqual(['REDIS_URL'])
})

describe('the address of another service', () => {
  const names = ['QUANTUM_API_URL', 'QUANTUM_PUBLIC_URL', 'AUTH_URL'] as const

  it.each(['quantum:8001', 'ftp://quantum:8001', 'mailto:a@b.example', 'quantum', ''])('is none: %j', text => {
    for (const name of names) expect(problemsOf({ [name]: text })).toEqual([name])
  })

  it.each(['http://quantum:8001', 'https://qsm.example.org/base'])('is one: %s', text => {
    for (const name of names) expect(problemsOf({ [name]: text })).toEqual([])
  })
})
