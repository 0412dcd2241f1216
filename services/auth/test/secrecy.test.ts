import { Writable } from 'node:stream'
import { createLog } from '@qsm/server-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gate, startGate } from '../../../packages/server-kit/test/gate.js'
import type { Answer } from './support/call.js'
import { newName, startAuth, type TestAuth } from './support/start-auth.js'

let auth: TestAuth
let gate: Gate
let logged = ''

beforeAll(async () => {
  const destination = new Writable({
    write(chunk, _encoding, done) {
      logged += String(chunk)
      done()
    },
  })
  auth = await startAuth({
    log: createLog({ service: 'auth', level: 'debug', destination }),
    wayTo: async url => {
      gate = await startGate(url)
      return gate.url
    },
  })
})

afterAll(async () => {
  gate.open()
  await auth.close()
  await gate.close()
})

/** Everything that is stored, as text; bytes in hex. */
const stored = async (): Promise<string> => {
  const tables = await auth.context.database.query<{ tablename: string }>(
    `SELECT tablename FROM pg_tables WHERE schemaname = 'auth'`,
  )
  const rows = await Promise.all(
    tables.map(({ tablename }) => auth.context.database.query(`SELECT t::text FROM auth.${tablename} t`)),
  )
  return JSON.stringify(rows)
}

test('no password, token, hash or address gets into a log line, an error answer or a header, whatever happens', async () => {
  const username = newName()
  const secrets = {
    password: 'the-planted-password-1',
    next: 'the-planted-password-2',
    wrong: 'the-planted-password-3',
    email: 'planted-address@example.org',
  }
  const tokens: string[] = []
  const answers: Answer[] = []
  const keep = (answer: Answer): Answer => {
    answers.push(answer)
    return answer
  }
  const pairOf = ({ body }: Answer) => {
    tokens.push(body.access_token, body.refresh_token)
    return { token: body.access_token as string, refreshToken: body.refresh_token as string }
  }

  keep(await auth.register({ username, email: secrets.email, password: secrets.password }))
  keep(await auth.register({ username, email: secrets.email, password: secrets.password }))
  keep(await auth.register({ email: secrets.email, password: `${secrets.password}\u0000` }))
  keep(await auth.tryLogin(username, secrets.wrong))
  const { token, refreshToken } = pairOf(await auth.tryLogin(username, secrets.password))
  const change = { current_password: secrets.password, new_password: secrets.next }
  keep(await auth.call('POST', '/api/password', { token, body: { ...change, current_password: secrets.wrong } }))
  keep(await auth.call('POST', '/api/password', { token, body: { ...change, note: secrets.wrong } }))
  keep(await auth.call('POST', '/api/password', { token, body: change }))
  pairOf(await auth.refresh(refreshToken))
  keep(await auth.call('GET', `/api/me?token=${token}`, { token }))
  keep(await auth.call('GET', '/api/me', { token: `${token}x` }))
  auth.clock.advance(1)
  keep(await auth.refresh(refreshToken))
  keep(await auth.call('POST', '/api/token/refresh', { body: `{"refresh_token":"${refreshToken}"` }))
  gate.refuse()
  keep(await auth.register({ username: newName(), email: secrets.email, password: secrets.password }))
  keep(await auth.tryLogin(username, secrets.next))
  keep(await auth.refresh(refreshToken))
  keep(await auth.call('GET', '/api/me', { token }))
  gate.open()

  const [row] = await auth.context.database.query<{ password_hash: string }>(
    'SELECT password_hash FROM auth.account WHERE username_key = $1',
    [username],
  )
  const planted = [...Object.values(secrets), ...tokens, row?.password_hash ?? 'no row', '$argon2id$']
  expect(planted).toHaveLength(10)
  const shown = answers.map(({ headers, body }) => JSON.stringify([...headers, body])).join('\n')
  for (const secret of planted) {
    expect(logged).not.toContain(secret)
    expect(shown).not.toContain(secret)
  }
  // What was looked through is really there: one line for each request, and those of the trouble with the database.
  expect(logged.split('\n').filter(line => line.includes('"msg":"request"')).length).toBeGreaterThan(15)
  expect(logged).toContain('refresh_token_reused')
  expect(logged).toContain('request failed')
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 204, 400, 401, 409, 503]))

  const kept = await stored()
  expect(kept).toContain(secrets.email)
  for (const secret of [secrets.password, secrets.next, secrets.wrong, ...tokens]) expect(kept).not.toContain(secret)
})
