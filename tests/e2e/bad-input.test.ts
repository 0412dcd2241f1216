import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkedFetch } from '../support/checked-fetch.js'
import { createTestDatabase } from '../support/database.js'
import { startTestServer, type TestServer } from '../support/server.js'

const folder = mkdtempSync(join(tmpdir(), 'qsm-bad-input-'))
let server: TestServer
let token = ''

interface Answer {
  readonly status: number
  readonly body: {
    readonly error?: { readonly code: string; readonly message: string; readonly field?: string }
  } & Record<string, unknown>
}

const call = async (
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Answer> => {
  const response = await checkedFetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: body ?? null,
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) }
}
const post = (path: string, value: unknown) => call('POST', path, JSON.stringify(value))

beforeAll(async () => {
  const database = await createTestDatabase()
  server = await startTestServer({ DATABASE_URL: database.url, QSM_DATA_DIR: folder })
  await post('/api/register', { username: 'mallory', email: 'm@example.org', password: 'password123' })
  const login = await post('/api/login', { username: 'mallory', password: 'password123' })
  token = String(login.body.access_token)
}, 60_000)

afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('bad input gets a 4xx that says what is wrong', () => {
  it.each([
    ['malformed JSON', '{"username":', 400, 'malformed_json'],
    ['nesting', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, 400, 'bad_request'],
    ['a prototype key', '{"__proto__":{"polluted":1},"username":"abc"}', 400, 'bad_request'],
    [
      'an unknown field',
      '{"username":"zzz","email":"z@example.org","password":"password123","role":"admin"}',
      400,
      'validation_failed',
    ],
    [
      'a NUL character',
      '{"username":"zzz","email":"z\\u0000@example.org","password":"password123"}',
      400,
      'validation_failed',
    ],
    [
      'a lone surrogate',
      '{"username":"zzz","email":"z@example.org","password":"passw\\ud800ord"}',
      400,
      'validation_failed',
    ],
    ['a short password', '{"username":"zzz","email":"z@example.org","password":"short"}', 400, 'validation_failed'],
    ['a list for an object', '[]', 400, 'validation_failed'],
  ])('%s', async (_, body, status, code) => {
    const answer = await call('POST', '/api/register', body)
    expect(answer).toMatchObject({ status, body: { error: { code }, status_code: status } })
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('names the field and the limit', async () => {
    const answer = await post('/api/register', { username: 'ab', email: 'z@example.org', password: 'password123' })
    expect(answer.body.error).toMatchObject({ field: 'username', message: expect.stringMatching(/3/) })
  })

  it('refuses a body over the limit before it has come', async () => {
    const answer = await new Promise<{ status: number | undefined; ms: number }>((resolve, reject) => {
      const begun = performance.now()
      const url = new URL('/api/register', server.url)
      const request = httpRequest(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': '900000000' },
      })
      request.once('response', response => {
        resolve({ status: response.statusCode, ms: performance.now() - begun })
        request.destroy()
      })
      request.once('error', reject)
      request.write('{')
    })
    expect(answer.status).toBe(413)
  })

  it.each([
    ['text/plain', {}, 415],
    ['application/json', { 'content-encoding': 'gzip' }, 415],
    ['application/json; charset=utf-16', {}, 415],
  ])('refuses the content type %s %j', async (type, headers, status) => {
    expect(await call('POST', '/api/login', '{}', { 'content-type': type, ...headers })).toMatchObject({ status })
  })

  it.each([
    ['no token', ''],
    [
      'an alg none token',
      `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${Buffer.from('{"sub":"x"}').toString('base64url')}.`,
    ],
    ['junk', 'x.y.z'],
  ])('answers 401 to %s', async (_, value) => {
    const answer = await checkedFetch(`${server.url}/api/me`, {
      headers: value === '' ? {} : { authorization: `Bearer ${value}` },
    })
    expect(answer.status).toBe(401)
  })

  it('refuses tokens in a URL', async () => {
    expect(await call('GET', `/api/me?access_token=${token}`)).toMatchObject({ status: 400 })
  })

  it('answers to foreign and absent ids alike', async () => {
    const absent = await call('DELETE', '/api/sessions/01890a5d-ac96-774b-bcce-b302099a8057')
    expect(absent).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
    expect(await call('DELETE', '/api/devices/12345')).toMatchObject({ status: 404 })
  })

  it.each(['AAA', 'AA==A', 'AB==', '!!!!', 'AAAA'.repeat(400)])('refuses the device record %s', async record => {
    const answer = await post('/api/devices', { device_record: record })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(answer.body.error?.message).toContain('device_record')
  })

  it('knows other methods and paths', async () => {
    expect(await call('PUT', '/api/login', '{}')).toMatchObject({ status: 405 })
    expect(await call('GET', '/api/nothing')).toMatchObject({ status: 404 })
    expect(await call('GET', '/api/users/%E0%A4%A/devices')).toMatchObject({ status: 400 })
  })

  it('tells unknown users and wrong passwords the same', async () => {
    const wrong = await post('/api/login', { username: 'mallory', password: 'not this one' })
    const unknown = await post('/api/login', { username: 'nobody-at-all', password: 'not this one' })
    expect(wrong.status).toBe(401)
    expect(unknown.status).toBe(401)
    expect({ ...unknown.body.error, request_id: '' }).toEqual({ ...wrong.body.error, request_id: '' })
  })
})
