import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { QsmError } from '@qsm/server-kit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AtRestError } from '../src/at-rest/key-encryption-key.js'
import { VaultError } from '../src/kek/vault/vault-error.js'
import { openVaultKek } from '../src/kek/vault/vault-kek.js'
import { type FakeVault, type Instead, startFakeVault } from './support/fake-vault.js'

let vault: FakeVault
beforeEach(async () => {
  vault = await startFakeVault()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await vault.stop()
})

const context = new Uint8Array([1, 2, 3])
const dataKey = new Uint8Array(randomBytes(32))
const open = async () => (await openVaultKek(vault.address)).kek
const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    error => error,
  )
const json = (status: number, body: unknown): Instead => ({ status, body: JSON.stringify(body) })

describe('a key-encryption key in Vault', () => {
  it('wraps and opens a data key, and asks once for what it opened just now', async () => {
    const kek = await open()
    const wrapped = await kek.wrap(dataKey, context)
    expect(wrapped.kekId).toBe('vault:transit/qsm:v1')
    expect(kek.currentId).toBe(wrapped.kekId)
    expect(Buffer.from(wrapped.wrapped).toString()).toMatch(/^vault:v1:/)
    const first = await kek.unwrap(wrapped, context)
    expect(first).toEqual(dataKey)
    first.fill(0)
    expect(await kek.unwrap(wrapped, context)).toEqual(dataKey)
    expect(vault.asked).toEqual(['/v1/transit/keys/qsm', '/v1/transit/encrypt/qsm', '/v1/transit/decrypt/qsm'])
  })

  it('keeps its connections', async () => {
    const kek = await open()
    for (let at = 0; at < 30; at += 1) await kek.wrap(dataKey, context)
    expect(vault.connections()).toBeLessThan(4)
  })

  it('refuses another context, changed bytes and another version, also where the right ones were opened just now', async () => {
    const kek = await open()
    const { kekId, wrapped } = await kek.wrap(dataKey, context)
    await kek.unwrap({ kekId, wrapped }, context)
    vault.rotate()
    const changed = wrapped.with(20, wrapped[20] === 65 ? 66 : 65)
    for (const [stored, bound, reason] of [
      [{ kekId, wrapped }, new Uint8Array([1, 2]), 'unwrap_failed'],
      [{ kekId, wrapped: changed }, context, 'unwrap_failed'],
      [{ kekId: 'vault:transit/qsm:v2', wrapped }, context, 'unwrap_failed'],
      [{ kekId, wrapped: randomBytes(81) }, context, 'malformed'],
      [{ kekId: 'vault:transit/other:v1', wrapped }, context, 'unknown_kek'],
      [{ kekId: 'k1', wrapped }, context, 'unknown_kek'],
    ] as const) {
      expect(await errorOf(kek.unwrap(stored, bound))).toEqual(expect.objectContaining({ name: 'AtRestError', reason }))
    }
  })

  it('gives the version that wrapped, and tells of one that does not open any more', async () => {
    const kek = await open()
    const before = await kek.wrap(dataKey, context)
    vault.rotate()
    expect((await kek.wrap(dataKey, context)).kekId).toBe('vault:transit/qsm:v2')
    expect((await open()).currentId).toBe('vault:transit/qsm:v2')
    expect(await (await open()).unwrap(before, context)).toEqual(dataKey)
    vault.setMinDecryptionVersion(2)
    const error = await errorOf(kek.unwrap(before, context))
    expect(error).toMatchObject({ reason: 'unknown_kek', message: expect.stringContaining('min_decryption_version') })
    expect(error).toBeInstanceOf(AtRestError)
  })

  it('needs a key that binds a context', async () => {
    const other = await startFakeVault({ type: 'rsa-4096' })
    try {
      const error = await errorOf(openVaultKek(other.address))
      expect(error).toMatchObject({ reason: 'unfit_key', message: expect.stringContaining('aes256-gcm96') })
    } finally {
      await other.stop()
    }
  })
})

describe('trouble with Vault', () => {
  const echo = () => `<html>${vault.token}</html>`
  it.each<[string, () => Instead, string, RegExp]>([
    ['sealed', () => json(503, { errors: ['Vault is sealed'] }), 'sealed', /unseal it/],
    [
      'forbidden',
      () => json(403, { errors: [`permission denied ${vault.token}`] }),
      'forbidden',
      /renew QSM_KEK_VAULT_TOKEN/,
    ],
    ['without the key', () => json(404, { errors: [] }), 'no_such_key', /make it with type aes256-gcm96/],
    [
      'without the key, as it says to decrypt',
      () => json(400, { errors: ['encryption key not found'] }),
      'no_such_key',
      /make it/,
    ],
    ['no Vault', () => ({ status: 200, body: echo() }), 'garbage', /correct QSM_KEK_VAULT_URL/],
    [
      'of another form',
      () => json(200, { data: { ciphertext: 'x', plaintext: 'AAAA' } }),
      'garbage',
      /correct QSM_KEK_VAULT_URL/,
    ],
    [
      'too long',
      () => json(200, { data: { ciphertext: 'x'.repeat(100_000) } }),
      'garbage',
      /correct QSM_KEK_VAULT_URL/,
    ],
    ['pointing elsewhere', () => ({ status: 307, body: '' }), 'redirected', /that address/],
    ['broken', () => ({ status: 500, body: echo() }), 'refused', /answered 500/],
    ['slow', () => 'never', 'slow', /within 1500 ms/],
  ])(
    'that is %s is no wrong key: clients may try again, and the cause says what to do',
    async (_, instead, reason, cure) => {
      const kek = await open()
      const wrapped = await kek.wrap(dataKey, context)
      vault.answerInstead(instead)
      const errors = await Promise.all([errorOf(kek.wrap(dataKey, context)), errorOf(kek.unwrap(wrapped, context))])
      for (const error of errors) {
        expect(error).toBeInstanceOf(QsmError)
        const { status, retryAfterSeconds, cause } = error as QsmError
        expect([status, retryAfterSeconds]).toEqual([503, 2])
        expect(cause).toBeInstanceOf(VaultError)
        expect(cause).toMatchObject({ reason, message: expect.stringMatching(cure) })
      }
      const atStart = await errorOf(open())
      expect(atStart).toMatchObject({ name: 'VaultError', reason })
      expect(inspect([...errors, atStart], { depth: 9, showHidden: true })).not.toContain(vault.token)
      vault.answerInstead(() => null)
      expect(await kek.unwrap(wrapped, context)).toEqual(dataKey)
    },
  )

  it('that points elsewhere takes the token nowhere', async () => {
    const other = await startFakeVault()
    try {
      vault.answerInstead(path => ({ status: 307, body: '', location: `${other.url}${path}` }))
      expect(await errorOf(open())).toMatchObject({ reason: 'redirected' })
      expect([vault.asked.length, other.asked]).toEqual([1, []])
    } finally {
      await other.stop()
    }
  })

  it('that is away is told with the code of the network', async () => {
    const kek = await open()
    const wrapped = await kek.wrap(dataKey, context)
    await vault.stop()
    const error = await errorOf(kek.unwrap(wrapped, context))
    expect(error).toMatchObject({ code: 'unavailable', cause: { reason: 'away' } })
    expect(await errorOf(open())).toMatchObject({
      message: expect.stringMatching(/is away \(ECONNREFUSED\): start it/),
    })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(vault.token)
  })
})
