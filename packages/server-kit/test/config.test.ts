import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  ConfigError,
  databaseVariables,
  defineVariables,
  describeVariables,
  environmentVariables,
  httpAddress,
  httpVariables,
  productionProblems,
  readVariables,
  redisProblems,
  redisVariables,
  type Secret,
  secretProblems,
  tokenVariables,
  wholeNumber,
} from '../src/index.js'

const variables = defineVariables({
  ...environmentVariables,
  ...httpVariables,
  ...databaseVariables,
  ...tokenVariables,
  PORT: { schema: wholeNumber(0, 65_535), default: '8000', doc: 'Where it listens.', example: '8000' },
  MOTTO: { schema: z.string().min(3, 'at least 3 characters'), optional: true, doc: 'A motto.', example: 'onward' },
})
const url = 'postgresql://qsm:dbpass@db.example.org/qsm'
const jwtSecret = 'Zk3l0aV9w2q8Zx7Yt5Rr1Pn4Mm6Bv8Cc'
const enough = { DATABASE_URL: url, JWT_SECRET: jwtSecret }
const folder = mkdtempSync(join(tmpdir(), 'qsm-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const problemsOf = (environment: Record<string, string>): readonly { variable: string; reason: string }[] => {
  try {
    readVariables(variables, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('reading a configuration', () => {
  it('fills in what has a default and leaves out what is optional', () => {
    const config = readVariables(variables, enough)
    expect(config.PORT).toBe(8000)
    expect(config.QSM_ENV).toBe('production')
    expect(config.MOTTO).toBeUndefined()
    expect(config.DATABASE_URL.reveal()).toBe(url)
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('tells every problem at once, each with variable, reason and example', () => {
    const environment = {
      PORT: '80a',
      MOTTO: 'x',
      TOKEN_EXPIRE_MINUTES: '0',
      ALLOWED_ORIGINS: 'https://a.example/path',
      JWT_SECRET: '',
    }
    expect(
      problemsOf(environment)
        .map(problem => problem.variable)
        .sort(),
    ).toEqual(['ALLOWED_ORIGINS', 'DATABASE_URL', 'JWT_SECRET', 'MOTTO', 'PORT', 'TOKEN_EXPIRE_MINUTES'].sort())
    expect(() => readVariables(variables, environment)).toThrow(
      /does not fit \(6\):\n[\s\S]*DATABASE_URL: must be set\n +example: postgresql:[\s\S]*PORT: a whole number from 0 to 65535\n +example: 8000\n/,
    )
  })

  it('never takes malformed or empty text for absent', () => {
    for (const PORT of ['', ' ', '8000 ', '0x50', '1e3', '-1', '65536', '99999999999999999999']) {
      expect(problemsOf({ ...enough, PORT })).toMatchObject([{ variable: 'PORT' }])
    }
  })

  it('takes AZURE_ENV for QSM_ENV, and refuses both when they differ', () => {
    expect(readVariables(variables, { ...enough, AZURE_ENV: 'development' }).QSM_ENV).toBe('development')
    expect(readVariables(variables, { ...enough, AZURE_ENV: 'test', QSM_ENV: 'test' }).QSM_ENV).toBe('test')
    expect(problemsOf({ ...enough, AZURE_ENV: 'test', QSM_ENV: 'production' })).toMatchObject([{ variable: 'QSM_ENV' }])
  })

  it('explains what became of SQLite', () => {
    for (const DATABASE_URL of ['sqlite:///./qms.db', 'sqlite+aiosqlite:///x']) {
      expect(problemsOf({ ...enough, DATABASE_URL })[0]?.reason).toContain('SQLite is no longer used')
    }
    for (const DATABASE_URL of ['mysql://a/b', 'postgres', 'postgresql//a', '/var/run']) {
      expect(problemsOf({ ...enough, DATABASE_URL })[0]?.reason).toContain('postgres://')
    }
  })

  it('takes lists of origins, with commas and spaces', () => {
    const config = readVariables(variables, {
      ...enough,
      ALLOWED_ORIGINS: 'https://a.example, http://localhost:3000 ,',
    })
    expect(config.ALLOWED_ORIGINS).toEqual(['https://a.example', 'http://localhost:3000'])
    for (const ALLOWED_ORIGINS of [
      'a.example',
      'https://a.example/',
      'HTTPS://A.example',
      'https://*.example',
      'null',
    ]) {
      expect([ALLOWED_ORIGINS, problemsOf({ ...enough, ALLOWED_ORIGINS }).length]).toEqual([ALLOWED_ORIGINS, 1])
    }
  })
})

describe('an address of a service', () => {
  it('has no password in it, which would be logged, and the refusal does not show it', () => {
    const address = { ADDRESS: { schema: httpAddress('http://auth:8000'), doc: '', example: '' } }
    const addresses = defineVariables(address)
    expect(readVariables(addresses, { ADDRESS: 'http://auth:8000' }).ADDRESS).toBe('http://auth:8000')
    for (const ADDRESS of ['http://svc:hunter2@auth:8000', 'http://hunter2@auth:8000']) {
      const refused = () => readVariables(addresses, { ADDRESS })
      expect(refused).toThrow('without user and password')
      expect(refused).not.toThrow('hunter2')
    }
  })
})

describe('a variable from a file', () => {
  it('is read from the file that NAME_FILE names, without its last line break', () => {
    const config = readVariables(variables, { DATABASE_URL: url, JWT_SECRET_FILE: file('jwt', `${jwtSecret}\n`) })
    expect(config.JWT_SECRET.reveal()).toBe(jwtSecret)
    expect(readVariables(variables, { ...enough, PORT_FILE: file('port', '81') }).PORT).toBe(81)
    expect(readVariables(variables, { ...enough, AZURE_ENV_FILE: file('env', 'test') }).QSM_ENV).toBe('test')
  })

  it('is an error when it is given twice, cannot be read, or does not fit', () => {
    const both = { ...enough, JWT_SECRET_FILE: file('jwt', jwtSecret) }
    expect(problemsOf(both)).toMatchObject([{ variable: 'JWT_SECRET', reason: expect.stringContaining('keep one') }])
    const absent = { DATABASE_URL: url, JWT_SECRET_FILE: join(folder, 'absent') }
    expect(problemsOf(absent)).toMatchObject([{ reason: expect.stringContaining('ENOENT') }])
    expect(problemsOf({ ...enough, PORT_FILE: file('port', 'eighty') })).toMatchObject([{ variable: 'PORT' }])
  })
})

describe('a secret', () => {
  it('prints as [redacted] in text, JSON and inspection', () => {
    const { JWT_SECRET: secret, DATABASE_URL: address } = readVariables(variables, enough)
    for (const one of [secret, address] as Secret[]) {
      const printed = [`${one}`, String(one), JSON.stringify({ one }), inspect({ one }, { depth: 5, showHidden: true })]
      printed.push(inspect(one), JSON.stringify([one]), `${one.toString()}`, Object.keys(one).join())
      expect(printed.join()).not.toContain(one.reveal())
      expect(printed[0]).toBe('[redacted]')
    }
  })

  it('does not stand in the errors about it', () => {
    const environment = { JWT_SECRET: jwtSecret, JWT_SECRET_FILE: '/x', DATABASE_URL: 'mysql://u:hunter2@h/d' }
    let error: unknown
    try {
      readVariables(variables, environment)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error) + inspect(error)).not.toMatch(new RegExp(`hunter2|${jwtSecret}`))
  })

  it('that is weak or an example is refused but for development and test', () => {
    const weak = [
      'short',
      'a'.repeat(64),
      'change-me-change-me-change-me-change-me',
      'your-secret-key-here-your-secret-key',
      '12345678901234567890123456789012',
      'abcdefghijklmnopqrstuvwxyzabcdef',
      'hU7#qL2xhU7#qL2xhU7#qL2xhU7#qL2x',
    ]
    for (const value of [...weak, 'abababababababababababababababababab', 'dev-secret-dev-secret-dev-secret-dev']) {
      expect([value, secretProblems('production', 'JWT_SECRET', value).length]).toEqual([value, 1])
      expect(secretProblems('development', 'JWT_SECRET', value)).toEqual([])
    }
    expect(secretProblems('production', 'JWT_SECRET', jwtSecret)).toEqual([])
    const drawn = Buffer.from(Array.from({ length: 48 }, (_, at) => (at * 37 + 11) % 256)).toString('base64')
    expect(secretProblems('production', 'JWT_SECRET', drawn)).toEqual([])
  })
})

describe('in production', () => {
  const refused = { QSM_ENV: 'production', JWT_SECRET: 'change-me', JWT_SECRET_PREVIOUS: 'a'.repeat(40) }
  const judge = (environment: Record<string, string>): readonly string[] => {
    try {
      readVariables(variables, { ...enough, ...environment }, productionProblems)
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.map(problem => problem.variable)
      throw error
    }
    return []
  }

  it('guessable secrets and pages of every origin are refused together, beside what is malformed', () => {
    expect(judge({ ...refused, ALLOWED_ORIGINS: '*', PORT: 'eight' }).toSorted()).toEqual(
      ['ALLOWED_ORIGINS', 'JWT_SECRET', 'JWT_SECRET_PREVIOUS', 'PORT'].sort(),
    )
    expect(judge({ ALLOWED_ORIGINS: 'https://app.example.org,*' })).toEqual(['ALLOWED_ORIGINS'])
    expect(judge({ ALLOWED_ORIGINS: 'https://app.example.org' })).toEqual([])
  })

  it('a malformed QSM_ENV is one problem, and so is a malformed secret', () => {
    expect(judge({ ...refused, QSM_ENV: 'live', ALLOWED_ORIGINS: '*' })).toEqual(['QSM_ENV'])
    expect(judge({ JWT_SECRET: '' })).toEqual(['JWT_SECRET'])
  })

  it.each(['development', 'test'])('all of that is taken where QSM_ENV is %s', QSM_ENV => {
    expect(judge({ ...refused, QSM_ENV, ALLOWED_ORIGINS: '*' })).toEqual([])
  })
})

describe('the description of a configuration', () => {
  it('has a row for each variable with default, need, aliases and example', () => {
    const rows = describeVariables(variables)
    expect(rows.map(row => row.variable)).toEqual(Object.keys(variables))
    expect(rows.find(row => row.variable === 'QSM_ENV')).toMatchObject({
      default: 'production',
      aliases: ['AZURE_ENV'],
      required: false,
    })
    expect(rows.find(row => row.variable === 'JWT_SECRET')).toMatchObject({ required: true, secret: true })
    expect(rows.find(row => row.variable === 'MOTTO')).toMatchObject({ required: false, default: '' })
  })

  it('has examples that the variables themselves accept', () => {
    for (const [name, variable] of Object.entries(variables)) {
      expect([name, variable.schema.safeParse(variable.example).success]).toEqual([name, true])
    }
  })
})

describe('the variables of Redis', () => {
  const wrong = (environment: Readonly<Record<string, string>>): readonly string[] => {
    try {
      readVariables(redisVariables, environment, redisProblems)
      return []
    } catch (error) {
      return (error as ConfigError).problems.map(({ variable }) => variable)
    }
  }
  const redis = { REDIS_URL: 'rediss://qsm:password@redis.example.org' }
  const sentinels = { REDIS_SENTINELS: 'sentinel-0:26379' }
  const cluster = { REDIS_CLUSTER: 'true' }

  const password = { REDIS_PASSWORD: 'p@ss/word%41' }
  const ofSentinels = { REDIS_SENTINEL_PASSWORD: 'another' }

  it.each([
    [{}],
    [redis],
    [{ REDIS_URL: 'redis://default@r', ...password }],
    [{ ...redis, ...sentinels }],
    [{ ...redis, ...sentinels, ...ofSentinels }],
    [{ ...redis, ...sentinels, ...ofSentinels, REDIS_SENTINEL_USERNAME: 'sentinel' }],
    [{ ...redis, ...cluster }],
    [{ REDIS_CLUSTER: 'false' }],
  ])('fit together: %j', environment => expect(wrong(environment)).toEqual([]))

  it.each([
    [sentinels, ['REDIS_URL']],
    [cluster, ['REDIS_URL']],
    [password, ['REDIS_URL']],
    [{ ...redis, ...password }, ['REDIS_PASSWORD']],
    [{ ...redis, ...ofSentinels }, ['REDIS_SENTINELS']],
    [{ ...redis, ...sentinels, REDIS_SENTINEL_USERNAME: 'sentinel' }, ['REDIS_SENTINEL_PASSWORD']],
    [{ ...redis, ...sentinels, ...cluster }, ['REDIS_CLUSTER']],
    [{ ...sentinels, ...cluster }, ['REDIS_URL', 'REDIS_CLUSTER']],
    [{ ...sentinels, REDIS_URL: 'http://redis' }, ['REDIS_URL']],
  ])('are refused: %j', (environment, variables) => expect(wrong(environment)).toEqual(variables))
})
