import { createHmac, createSecretKey, generateKeyPairSync, sign } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { createTokens, QsmError, type Tokens } from '../src/index.js'
import { signingKeyOf } from '../src/tokens/signing-keys.js'
import { handClock } from './support.js'

const secret = 'a secret of the test, long enough to be one'
const user = {
  userId: '01890a5d-ac96-774b-bcce-b302099a8057',
  username: 'alice',
  sessionId: '01890a5d-ac96-774b-bcce-b302099a8058',
}
const start = 1_800_000_000
const kid = signingKeyOf(secret).kid
const goodHeader = { alg: 'HS256', typ: 'at+jwt', kid }
const goodClaims = {
  sub: user.userId,
  name: 'alice',
  sid: user.sessionId,
  jti: '1',
  iss: 'qsm',
  aud: 'qsm',
  iat: start,
  exp: start + 1800,
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const macOf = (text: string, key: string | Buffer = secret, hash = 'sha256') =>
  createHmac(hash, key).update(text).digest('base64url')

/** A token that is signed as ours are, from any header and claims. */
const forge = (header: unknown, claims: unknown, key: string | Buffer = secret): string => {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${macOf(text, key)}`
}

let clock: ReturnType<typeof handClock>
let tokens: Tokens
beforeEach(() => {
  clock = handClock(start * 1000)
  tokens = createTokens({ secret, lifeMs: 1_800_000, clock })
})

const refuses = (verify: () => unknown) => {
  let thrown: unknown
  try {
    verify()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(QsmError)
  expect((thrown as QsmError).code).toBe('unauthorized')
}

describe('an access token', () => {
  it('says who calls and until when', () => {
    const token = tokens.issueAccess(user)
    const caller = { ...user, issuedAt: start * 1000, expiresAt: (start + 1800) * 1000 }
    expect(tokens.verifyAccess(token)).toEqual(caller)
    expect(tokens.verifyAccess(token)).toEqual(caller)
    expect(tokens.lifeSeconds).toBe(1800)
  })

  it('has the text that the rules of the test make of its claims, beyond ASCII too', () => {
    const named = { ...user, username: 'Zoë 漢' }
    const token = tokens.issueAccess(named)
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    expect(token).toBe(forge(goodHeader, { ...goodClaims, name: named.username, jti }))
    expect(tokens.verifyAccess(token).username).toBe(named.username)
  })

  it('is never the same twice', () => {
    expect(tokens.issueAccess(user)).not.toBe(tokens.issueAccess(user))
  })

  it('ends 5 s after its life, also when it was seen before', () => {
    const token = tokens.issueAccess(user)
    clock.advance(1_804_000)
    expect(tokens.verifyAccess(token).userId).toBe(user.userId)
    clock.advance(1_000)
    refuses(() => tokens.verifyAccess(token))
    refuses(() => tokens.verifyAccess(token))
  })

  it('may come from a clock that is 30 s ahead', () => {
    const token = tokens.issueAccess(user)
    clock.advance(-30_000)
    expect(tokens.verifyAccess(token).userId).toBe(user.userId)
    clock.advance(-1_000)
    refuses(() => createTokens({ secret, lifeMs: 1_800_000, clock }).verifyAccess(token))
  })

  it('of the previous secret passes during a rotation and not after', () => {
    const token = tokens.issueAccess(user)
    const next = createTokens({ secret: `${secret} 2`, previousSecret: secret, lifeMs: 1_800_000, clock })
    expect(next.verifyAccess(token).username).toBe('alice')
    refuses(() => tokens.verifyAccess(next.issueAccess(user)))
    refuses(() => createTokens({ secret: `${secret} 2`, lifeMs: 1_800_000, clock }).verifyAccess(token))
  })

  it('does not tell the secret by its kid', () => {
    expect(kid).toMatch(/^[0-9a-f]{8}$/)
    expect(signingKeyOf(`${secret}.`).kid).not.toBe(kid)
  })

  it('made by the rules of the test passes, so that the refusals below mean something', () => {
    expect(tokens.verifyAccess(forge(goodHeader, goodClaims)).username).toBe('alice')
  })
})

describe('a service credential', () => {
  it('names the calling service for a minute', () => {
    const token = tokens.issueService('message')
    expect(tokens.verifyService(token)).toEqual({ service: 'message' })
    clock.advance(90_000)
    refuses(() => tokens.verifyService(token))
  })

  it('is no access token, nor the other way round', () => {
    refuses(() => tokens.verifyAccess(tokens.issueService('message')))
    refuses(() => tokens.verifyService(tokens.issueAccess(user)))
  })
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const text = `${encode(goodHeader)}.${encode(goodClaims)}`
const claimsWith = (changes: object) => forge(goodHeader, { ...goodClaims, ...changes })
const claimsWithout = (name: keyof typeof goodClaims) => {
  const { [name]: _, ...rest } = goodClaims
  return forge(goodHeader, rest)
}
const headerWith = (changes: object) => forge({ ...goodHeader, ...changes }, goodClaims)

const forged: Record<string, string> = {
  'without a signature': `${text}.`,
  'of two parts': text,
  'of four parts': `${text}.${macOf(text)}.x`,
  'with alg none': `${encode({ ...goodHeader, alg: 'none' })}.${encode(goodClaims)}.`,
  'with alg None and a signature': headerWith({ alg: 'None' }),
  'with alg HS512': (() => {
    const other = `${encode({ ...goodHeader, alg: 'HS512' })}.${encode(goodClaims)}`
    return `${other}.${macOf(other, secret, 'sha512')}`
  })(),
  'with alg RS256': (() => {
    const other = `${encode({ ...goodHeader, alg: 'RS256' })}.${encode(goodClaims)}`
    return `${other}.${sign('sha256', Buffer.from(other), rsa.privateKey).toString('base64url')}`
  })(),
  'with HS256 keyed by a public key': forge(
    goodHeader,
    goodClaims,
    rsa.publicKey.export({ type: 'spki', format: 'pem' }),
  ),
  'without alg': forge({ typ: 'at+jwt', kid }, goodClaims),
  'signed with another secret': forge(goodHeader, goodClaims, 'another secret'),
  'signed with an empty secret': forge(goodHeader, goodClaims, ''),
  'signed with the kid': forge(goodHeader, goodClaims, kid),
  'without kid': forge({ alg: 'HS256', typ: 'at+jwt' }, goodClaims),
  'with an unknown kid': headerWith({ kid: '00000000' }),
  'with a path as kid': headerWith({ kid: '../../../../dev/null' }),
  'with SQL as kid': headerWith({ kid: "' UNION SELECT 'x" }),
  'with a list as kid': headerWith({ kid: [kid] }),
  'with __proto__ as kid': forge(`{"alg":"HS256","typ":"at+jwt","kid":"__proto__"}`, goodClaims),
  'with its own key in jwk': headerWith({ jwk: createSecretKey(Buffer.from('own')).export({ format: 'jwk' }) }),
  'with a key address in jku': headerWith({ jku: 'https://evil.test/keys' }),
  'with certificates in x5c': headerWith({ x5c: ['MIIB'] }),
  'with crit': headerWith({ crit: ['exp'] }),
  'with b64 false': headerWith({ b64: false, crit: ['b64'] }),
  'with zip': headerWith({ zip: 'DEF' }),
  'with typ JWT': headerWith({ typ: 'JWT' }),
  'of a refresh kind': headerWith({ typ: 'rt+jwt' }),
  'without typ': forge({ alg: 'HS256', kid }, goodClaims),
  'with a member twice in its header': forge(`{"alg":"none","alg":"HS256","typ":"at+jwt","kid":"${kid}"}`, goodClaims),
  'with a claim twice': forge(goodHeader, JSON.stringify(goodClaims).replace('{', '{"sub":"x",')),
  'with spaces in its claims': forge(goodHeader, JSON.stringify(goodClaims, null, 1)),
  'without exp': claimsWithout('exp'),
  'with exp as text': claimsWith({ exp: String(start + 1800) }),
  'with exp as a fraction': claimsWith({ exp: start + 0.5 }),
  'with exp null': claimsWith({ exp: null }),
  'that is over': claimsWith({ exp: start - 31 }),
  'without iat': claimsWithout('iat'),
  'issued in the future': claimsWith({ iat: start + 60 }),
  'not valid yet': claimsWith({ nbf: start + 60 }),
  'without iss': claimsWithout('iss'),
  'of another issuer': claimsWith({ iss: 'evil' }),
  'without aud': claimsWithout('aud'),
  'for another audience': claimsWith({ aud: 'qsm-internal' }),
  'for several audiences': claimsWith({ aud: ['qsm', 'evil'] }),
  'without sub': claimsWithout('sub'),
  'with sub that is no id': claimsWith({ sub: "x' OR 1=1" }),
  'with sub in an object': claimsWith({ sub: { id: user.userId } }),
  'without sid': claimsWithout('sid'),
  'without name': claimsWithout('name'),
  'with claims that are a list': forge(goodHeader, [goodClaims]),
  'with claims that are no JSON': forge(goodHeader, 'sub=alice'),
  'with claims null': forge(goodHeader, 'null'),
  'with changed claims under the old signature': `${encode(goodHeader)}.${encode({ ...goodClaims, sub: user.sessionId })}.${macOf(text)}`,
  'with standard base64': `${text}.${macOf(text)}=`,
  'of 1 MB': claimsWith({ pad: 'a'.repeat(1_000_000) }),
  'that is empty': '',
  'of dots': '..',
  'with a line break at its end': `${forge(goodHeader, goodClaims)}\n`,
  'with NUL in it': `${text}\0.${macOf(text)}`,
}

describe('a forged token is refused', () => {
  for (const [how, token] of Object.entries(forged)) {
    it(how, () => refuses(() => tokens.verifyAccess(token)))
  }

  it('with any other last character, so that no token has two forms', () => {
    const token = forge(goodHeader, goodClaims)
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if (!token.endsWith(last)) refuses(() => tokens.verifyAccess(token.slice(0, -1) + last))
    }
  })

  it('with any bit of it changed, also after the true one was seen', () => {
    const token = tokens.issueAccess(user)
    tokens.verifyAccess(token)
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'A' ? 'B' : 'A'
      refuses(() => tokens.verifyAccess(token.slice(0, at) + other + token.slice(at + 1)))
    }
  })
})
