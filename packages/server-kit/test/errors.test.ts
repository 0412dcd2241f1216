import { type ErrorCode, errorAnswer, errorCatalogue, errorCodes } from '@qsm/contract'
import { describe, expect, it } from 'vitest'
import { explainFailure, isDatabaseTrouble, QsmError, toErrorAnswer, toQsmError, violatedUnique } from '../src/index.js'

const now = new Date('2026-11-24T12:00:00.000Z')
const coded = (code: string, more: object = {}) => Object.assign(new Error('x'), { code, ...more })

describe('an error of the catalogue', () => {
  it('has an answer that fits the contract, whatever its code', () => {
    for (const code of errorCodes) {
      const error = new QsmError(code as ErrorCode)
      const { status, body } = toErrorAnswer(error, 'id', now)
      expect(errorAnswer.parse(body)).toEqual(body)
      expect([status, body.status_code]).toEqual([errorCatalogue[code].status, errorCatalogue[code].status])
    }
  })

  it('that may pass later says when, unless it is a fault of the server', () => {
    expect(toErrorAnswer(new QsmError('rate_limited'), 'id', now).retryAfterSeconds).toBe(5)
    expect(
      toErrorAnswer(new QsmError('unavailable', undefined, { retryAfterSeconds: 2 }), 'id', now).retryAfterSeconds,
    ).toBe(2)
    expect(toErrorAnswer(new QsmError('internal'), 'id', now).retryAfterSeconds).toBeUndefined()
    expect(toErrorAnswer(new QsmError('not_found'), 'id', now).retryAfterSeconds).toBeUndefined()
  })

  it('cannot be overwritten by its details', () => {
    const details = { code: 'other', message: 'other', request_id: 'other', retryable: true, field: 'a' }
    const { body } = toErrorAnswer(new QsmError('not_found', 'Not here.', { details }), 'id', now)
    expect(body.error).toEqual({
      code: 'not_found',
      message: 'Not here.',
      retryable: false,
      request_id: 'id',
      field: 'a',
    })
  })
})

describe('a failure of a program', () => {
  const named = (name: string, cause?: unknown) => Object.assign(new Error(`cure of ${name}`, { cause }), { name })

  it.each(['ConfigError', 'VaultError', 'EmbeddedPostgresError'])('is told by the words of %s alone', name => {
    expect(explainFailure(named(name))).toBe(`cure of ${name}`)
    expect(explainFailure(new Error('the start failed', { cause: named(name) }))).toBe(`cure of ${name}`)
  })

  it.each([new TypeError('x is undefined'), 'ConfigError', null, undefined])('is shown whole otherwise: %s', error => {
    expect(explainFailure(error)).toBeNull()
  })
})

describe('trouble with the database', () => {
  const trouble = [
    coded('ECONNREFUSED'),
    coded('ECONNRESET'),
    coded('ETIMEDOUT'),
    coded('ENOENT', { syscall: 'connect' }),
    ...[
      '08000',
      '08003',
      '08006',
      '53100',
      '53200',
      '53300',
      '57014',
      '57P01',
      '57P02',
      '57P03',
      '55P03',
      '40001',
      '40P01',
    ].map(code => coded(code)),
    new Error('timeout exceeded when trying to connect'),
    new Error('timeout expired'),
    new Error('Connection terminated unexpectedly'),
    new Error('Client has encountered a connection error and is not queryable'),
    Object.assign(new Error('query failed'), { driverError: coded('57P01') }),
    new Error('outer', { cause: coded('08006') }),
  ]
  for (const error of trouble) {
    it(`is ${(error as { code?: string }).code ?? error.message}: unavailable, try again in 2 s`, () => {
      expect(isDatabaseTrouble(error)).toBe(true)
      expect(toQsmError(error)).toMatchObject({ code: 'unavailable', retryAfterSeconds: 2 })
    })
  }

  it('is not what a statement or another part did wrong', () => {
    const others = [coded('23505'), coded('42601'), coded('ENOENT', { syscall: 'open' }), new Error('x')]
    for (const error of [...others, null, undefined, 'text', 7]) {
      expect(isDatabaseTrouble(error)).toBe(false)
      expect(toQsmError(error).code).toBe('internal')
    }
  })

  it('ends its search in errors that cause each other', () => {
    const first = new Error('a')
    const second = new Error('b', { cause: first })
    first.cause = second
    expect(isDatabaseTrouble(first)).toBe(false)
  })
})

describe('a text that PostgreSQL cannot store', () => {
  it('is a fault of the request', () => {
    expect(toQsmError(coded('22021')).code).toBe('bad_request')
    expect(toQsmError(Object.assign(new Error('failed'), { driverError: coded('22P05') })).code).toBe('bad_request')
  })
})

describe('a unique violation', () => {
  it('names its constraint, also within the error of TypeORM', () => {
    const error = coded('23505', { constraint: 'account_username_key_key' })
    expect(violatedUnique(error)).toBe('account_username_key_key')
    expect(violatedUnique(Object.assign(new Error('failed'), { driverError: error }))).toBe('account_username_key_key')
    expect(violatedUnique(coded('23503'))).toBeNull()
    expect(violatedUnique(null)).toBeNull()
  })
})
