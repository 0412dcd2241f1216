import { createHash, hkdfSync, randomBytes } from 'node:crypto'
import { loadPostQuantum } from '@qsm/wasm/noble'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Person, startQuantum, type TestQuantum } from './support/start-quantum.js'

let quantum: TestQuantum
let alice: Person
let publicKey: string

beforeAll(async () => {
  quantum = await startQuantum()
  alice = await quantum.person()
  const made = await alice.call('POST', '/api/quantum/keygen', { user_id: alice.userId, key_type: 'kem' })
  publicKey = made.body.public_keys.ml_kem_768
})

afterAll(() => quantum.close())

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

/** The rule of the API, written anew with the platform's own HKDF. */
const derive = (ss: Uint8Array, ek: Uint8Array, ct: Uint8Array, sessionId: string): string => {
  const session = Buffer.from(sessionId, 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(session.length)
  const info = Buffer.concat([Buffer.from('QSM/1 rest kem'), sha256(ek), sha256(ct), length, session])
  return base64(new Uint8Array(hkdfSync('sha256', ss, Buffer.alloc(32), info, 32)))
}

const encapsulate = (body: object) => alice.call('POST', '/api/quantum/encapsulate', body)
const decapsulate = (body: object) => alice.call('POST', '/api/quantum/decapsulate', { user_id: alice.userId, ...body })

describe('encapsulating and decapsulating', () => {
  it('gives both sides one secret, for any text as session', async () => {
    for (const session_id of ['s', 'Sitzung № 7', 'x'.repeat(200)]) {
      const { body } = await encapsulate({ receiver_public_key: publicKey, session_id })
      expect(body).toMatchObject({ session_id, algorithm: 'ML-KEM-768', kdf: 'HKDF-SHA256, "QSM/1 rest kem"' })
      const opened = await decapsulate({ ciphertext: body.ciphertext, session_id })
      expect(opened).toMatchObject({ status: 200, body: { shared_secret: body.shared_secret } })
    }
  })

  it('draws a session id where none is given', async () => {
    const [first, second] = [
      await encapsulate({ receiver_public_key: publicKey }),
      await encapsulate({ receiver_public_key: publicKey }),
    ]
    expect(first.body.session_id).not.toBe(second.body.session_id)
    const opened = await decapsulate({ ciphertext: first.body.ciphertext, session_id: first.body.session_id })
    expect(opened.body.shared_secret).toBe(first.body.shared_secret)
  })

  it('agrees with another library, by the rule that the API states', async () => {
    const { kem } = await loadPostQuantum()
    const own = await kem.generateKeyPair()
    const sealed = await encapsulate({ receiver_public_key: base64(own.publicKey), session_id: 'between libraries' })
    const ct = Uint8Array.from(Buffer.from(sealed.body.ciphertext, 'base64'))
    const ss = await kem.decapsulate(own.secretKey, ct)
    expect(sealed.body.shared_secret).toBe(derive(ss, own.publicKey, ct, 'between libraries'))

    const ek = Uint8Array.from(Buffer.from(publicKey, 'base64'))
    const made = await kem.encapsulate(ek)
    const opened = await decapsulate({ ciphertext: base64(made.ciphertext), session_id: 'back' })
    expect(opened.body.shared_secret).toBe(derive(made.sharedSecret, ek, made.ciphertext, 'back'))
  })

  it('gives another secret for another session or a wrong ciphertext, and no error', async () => {
    const { body } = await encapsulate({ receiver_public_key: publicKey, session_id: 'a' })
    const ciphertext = Buffer.from(body.ciphertext, 'base64')
    ciphertext[500] = (ciphertext[500] ?? 0) ^ 1
    const secrets = [body.shared_secret]
    for (const given of [
      { ciphertext: body.ciphertext, session_id: 'A' },
      { ciphertext: base64(ciphertext), session_id: 'a' },
      { ciphertext: base64(randomBytes(1088)), session_id: 'a' },
      { ciphertext: base64(new Uint8Array(1088)), session_id: 'a' },
    ]) {
      const { status, body: answer } = await decapsulate(given)
      expect(status).toBe(200)
      expect(secrets).not.toContain(answer.shared_secret)
      secrets.push(answer.shared_secret)
      expect((await decapsulate(given)).body).toEqual(answer)
    }
  })

  it('needs a key of one that is there', async () => {
    const bob = await quantum.person()
    const given = { user_id: bob.userId, ciphertext: base64(new Uint8Array(1088)), session_id: 's' }
    const { status, body } = await bob.call('POST', '/api/quantum/decapsulate', given)
    expect([status, body.error.code, body.error.message]).toEqual([404, 'not_found', expect.stringContaining('keygen')])
  })
})

const secret = base64(randomBytes(32))
const encrypt = (body: object) => alice.call('POST', '/api/quantum/encrypt', { shared_secret: secret, ...body })
const decrypt = (body: object) => alice.call('POST', '/api/quantum/decrypt', { shared_secret: secret, ...body })

describe('encrypting and decrypting', () => {
  it.each([
    [{ plaintext: 'Grüße 👋', aad: 'header' }],
    [{ plaintext: '' }],
    [{ plaintext: '\ufeffwith a byte order mark' }],
    [{ plaintext: base64(randomBytes(1_000)), aad: base64(randomBytes(10)), encoding: 'base64' }],
    [{ plaintext: 'x'.repeat(131_072) }],
  ])('gives the plaintext back', async given => {
    const { plaintext, ...rest } = given
    const sealed = await encrypt(given)
    expect(sealed.status).toBe(200)
    expect((await decrypt({ ...sealed.body, ...rest })).body).toEqual({ plaintext })
  })

  it('draws a nonce for each', async () => {
    const nonces = await Promise.all(
      Array.from({ length: 50 }, async () => (await encrypt({ plaintext: 'a' })).body.nonce),
    )
    expect(new Set(nonces).size).toBe(50)
  })

  it('opens nothing that was changed, in one and the same way', async () => {
    const { body } = await encrypt({ plaintext: 'a plaintext', aad: 'header' })
    const changed = (name: string) => {
      const bytes = Buffer.from(body[name], 'base64')
      bytes[0] = (bytes[0] ?? 0) ^ 1
      return { ...body, aad: 'header', [name]: base64(bytes) }
    }
    const cases = [
      ...['ciphertext', 'nonce', 'tag'].map(changed),
      { ...body, aad: 'Header' },
      { ...body },
      { ...body, aad: 'header', shared_secret: base64(randomBytes(32)) },
      { ...body, aad: 'header', ciphertext: '' },
    ]
    for (const given of cases) {
      const answer = await decrypt(given)
      expect([answer.status, answer.body.error.code]).toEqual([422, 'decryption_failed'])
    }
  })

  it('says that bytes are no text', async () => {
    const sealed = await encrypt({ plaintext: base64(Uint8Array.of(255, 254)), encoding: 'base64' })
    const answer = await decrypt(sealed.body)
    expect([answer.status, answer.body.error.message]).toEqual([422, expect.stringContaining('base64')])
    expect((await decrypt({ ...sealed.body, encoding: 'base64' })).body.plaintext).toBe('//4=')
  })
})
