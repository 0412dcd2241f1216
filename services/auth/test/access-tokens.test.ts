import { createHmac } from 'node:crypto'
import { mainRoutes } from '@qsm/contract'
import { createTokens, newId } from '@qsm/server-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Login, password, secret, startAuth, type TestAuth } from './support/start-auth.js'

let auth: TestAuth
let alice: Login

beforeAll(async () => {
  auth = await startAuth()
})

afterAll(() => auth.close())

beforeEach(async () => {
  alice = await auth.person()
})

const decode = (part = ''): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString())
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const sign = (header: object, claims: object, key: string = secret): string => {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
}

/** The parts of a true token of alice, to be changed and signed again. */
const parts = () => {
  const [header, claims] = alice.token.split('.')
  return { header: decode(header), claims: decode(claims) }
}

const statusOf = async (token: string): Promise<number> => (await auth.call('GET', '/api/me', { token })).status

describe('an access token', () => {
  test('names key, type, issuer, audience, user, session and both times, and nothing else', () => {
    const seconds = auth.clock.now() / 1000
    expect(parts()).toEqual({
      header: { alg: 'HS256', typ: 'at+jwt', kid: expect.stringMatching(/^[0-9a-f]{8}$/) },
      claims: {
        iss: 'qsm',
        aud: 'qsm',
        sub: alice.userId,
        name: alice.username,
        sid: alice.sessionId,
        jti: expect.any(String),
        iat: seconds,
        exp: seconds + 1_800,
      },
    })
  })

  test('signed again by the rules of this test passes, so that the refusals below mean something', async () => {
    const { header, claims } = parts()
    expect(await statusOf(sign(header, claims))).toBe(200)
  })

  test.each([
    ['alg none', { alg: 'none' }, {}],
    ['alg HS512', { alg: 'HS512' }, {}],
    ['an unknown key', { kid: '00000000' }, {}],
    ['no key', { kid: undefined }, {}],
    ['the type of a service', { typ: 'service+jwt' }, {}],
    ['the type of any JWT', { typ: 'JWT' }, {}],
    ['another issuer', {}, { iss: 'evil' }],
    ['no issuer', {}, { iss: undefined }],
    ['the audience of services', {}, { aud: 'qsm-internal' }],
    ['no audience', {}, { aud: undefined }],
    ['no end', {}, { exp: undefined }],
    ['an end in the past', {}, { exp: 1_799_999_000 }],
    ['a beginning in the future', {}, { iat: 1_900_000_000 }],
    ['a session of nobody', {}, { sid: '01890a5d-ac96-774b-bcce-b302099a8057' }],
    ['a user of nobody', {}, { sub: '01890a5d-ac96-774b-bcce-b302099a8057' }],
  ])('with %s is refused', async (_, header, claims) => {
    const given = parts()
    expect(await statusOf(sign({ ...given.header, ...header }, { ...given.claims, ...claims }))).toBe(401)
  })

  test('without a signature, with another key, or of another user under the own session is refused', async () => {
    const { header, claims } = parts()
    const bob = await auth.person()
    expect(await statusOf(`${encode({ ...header, alg: 'none' })}.${encode(claims)}.`)).toBe(401)
    expect(await statusOf(sign(header, claims, 'another secret of this test, long enough'))).toBe(401)
    expect(await statusOf(sign(header, { ...claims, sid: bob.sessionId }))).toBe(401)
    expect(await statusOf(sign(header, { ...claims, sub: bob.userId }))).toBe(401)
  })

  test('is over 5 s after its life, and a fresh one by the refresh token goes on', async () => {
    auth.clock.advance(1_804_000)
    expect(await statusOf(alice.token)).toBe(200)
    auth.clock.advance(1_000)
    expect(await statusOf(alice.token)).toBe(401)
    const { body } = await auth.refresh(alice.refreshToken)
    expect(await statusOf(body.access_token)).toBe(200)
  })

  test('never passes in a URL, nor does a refresh token', async () => {
    for (const name of ['access_token', 'token', 'refresh_token']) {
      const answer = await auth.call('GET', `/api/me?${name}=${alice.token}`, { token: alice.token })
      expect([answer.status, answer.body.error.code]).toEqual([400, 'bad_request'])
      expect(JSON.stringify(answer.body)).not.toContain(alice.token)
    }
  })
})

describe('during a rotation of the secret', () => {
  const previousSecret = 'the secret before, long enough too'
  let rotating: TestAuth

  beforeAll(async () => {
    rotating = await startAuth({ previousSecret })
  })

  afterAll(() => rotating.close())

  test('a token of the previous one passes, new ones bear the new key, and one of an older secret is refused', async () => {
    const user = await rotating.person()
    const issue = (by: string) => createTokens({ secret: by, lifeMs: 60_000, clock: rotating.clock }).issueAccess(user)
    const status = async (token: string) => (await rotating.call('GET', '/api/me', { token })).status
    expect(await status(issue(previousSecret))).toBe(200)
    expect(await status(issue('an older secret that nobody knows'))).toBe(401)
    const [header] = user.token.split('.')
    const [header2] = issue(secret).split('.')
    expect(decode(header).kid).toBe(decode(header2).kid)
    expect(decode(header).kid).not.toBe(decode(issue(previousSecret).split('.')[0]).kid)
  })
})

const protectedRoutes = mainRoutes
  .filter(({ service, auth: by }) => service === 'auth' && by === 'access')
  .map(({ operationId, method, path }) => [operationId, method.toUpperCase(), path.replace('{id}', newId())] as const)

describe.each(protectedRoutes)('%s', (_, method, path) => {
  // A body that fits: on one that does not, a 400 would be as right.
  const body = method === 'POST' ? { current_password: password, new_password: password } : undefined
  const refused = async (token: string | undefined) => {
    const answer = await auth.call(method, path, { token, body })
    expect([answer.status, answer.body.error.code]).toEqual([401, 'unauthorized'])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  }

  test('takes no request without a token, with junk, a refresh token or a service credential', async () => {
    for (const token of [undefined, 'x.y.z', alice.refreshToken, auth.tokens.issueService('message')]) {
      await refused(token)
    }
  })

  test('takes none of a session that was ended, or of an account that was disabled or deleted', async () => {
    const other = await auth.login(alice.username)
    await other.call('POST', '/api/logout')
    await refused(other.token)

    await auth.context.database.query(`UPDATE auth.account SET state = 'disabled' WHERE user_id = $1`, [alice.userId])
    await refused(alice.token)

    const bob = await auth.person()
    await bob.call('DELETE', '/api/account')
    await refused(bob.token)
    expect((await auth.tryLogin(bob.username, password)).status).toBe(401)
  })
})

test('the routes that need a token are those of the contract', () => {
  expect(protectedRoutes.map(([name]) => name)).toEqual([
    'logout',
    'getMe',
    'changePassword',
    'listSessions',
    'endSession',
    'deleteAccount',
    'exportAccount',
  ])
})
