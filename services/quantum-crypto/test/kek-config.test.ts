import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@qsm/server-kit'
import { afterAll, describe, expect, it } from 'vitest'
import { readPodConfig } from '../src/config.js'
import { openKek } from '../src/kek/open-kek.js'
import { parseKekList } from '../src/kek/parse-kek-list.js'

const folder = mkdtempSync(join(tmpdir(), 'qsm-kek-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const draw = (bytes = 32): string => randomBytes(bytes).toString('base64')
const environment = (more: Readonly<Record<string, string>> = {}) => ({
  QSM_ENV: 'production',
  DATABASE_URL: 'postgresql://qsm@127.0.0.1/qsm',
  JWT_SECRET: randomBytes(48).toString('base64'),
  AUTH_URL: 'http://auth:8000',
  QSM_DATA_DIR: folder,
  ...more,
})

describe('a list of key-encryption keys', () => {
  it('is read with commas or line ends between, in its order', () => {
    const [first, second, third] = [draw(), draw(), draw()]
    const list = parseKekList(`k3:${third}\n k2:${second},\r\nk1:${first}\n`)
    expect('keys' in list && list.keys.map(({ id, key }) => [id, Buffer.from(key).toString('base64')])).toEqual([
      ['k3', third],
      ['k2', second],
      ['k1', first],
    ])
  })

  it('tells all its problems at once and repeats no key', () => {
    const [short, key] = [draw(31), draw()]
    const list = parseKekList(
      `k1:${short},${key},k 2:${key},k3:${key}=,k4:${key},k4:${draw()},k5:${key},k6:${'A'.repeat(43)}=`,
    )
    const problems = 'problems' in list ? list.problems : []
    expect(problems).toEqual([
      expect.stringMatching(/entry 1 .*not of 31/),
      expect.stringMatching(/entry 2 needs an id/),
      expect.stringMatching(/entry 3 needs an id/),
      expect.stringMatching(/entry 4 needs base64 of 32 bytes/),
      expect.stringMatching(/entry 8 .*not random/),
      expect.stringMatching(/"k4" stands there twice/),
      expect.stringMatching(/same key/),
    ])
    for (const secret of [short, key]) expect(problems.join(' ')).not.toContain(secret)
  })

  it.each(['', ' , ,\n'])('that holds none is a problem: %j', text => {
    expect(parseKekList(text)).toEqual({ problems: ['holds no key'] })
  })
})

describe('the configuration of the key-encryption key', () => {
  it('is refused in production where it is missing', () => {
    expect(() => readPodConfig(environment())).toThrow(/QSM_KEK: must be set in production/)
  })

  it('is told with everything else that is wrong, without the secret', () => {
    const secret = draw(16)
    const read = () => readPodConfig(environment({ QSM_KEK: `k1:${secret}`, PORT: 'x', AUTH_URL: 'auth' }))
    expect(read).toThrow(ConfigError)
    for (const name of ['QSM_KEK', 'PORT', 'AUTH_URL']) expect(read).toThrow(`${name}: `)
    expect(read).not.toThrow(secret)
  })

  it('may come from a file', async () => {
    const file = join(folder, 'keks')
    writeFileSync(file, `k2:${draw()}\nk1:${draw()}\n`)
    const { kek } = await openKek(readPodConfig(environment({ QSM_KEK_FILE: file })))
    expect(kek.currentId).toBe('k2')
  })

  it('is drawn once in development, and kept for its owner alone', async () => {
    const config = readPodConfig(environment({ QSM_ENV: 'development' }))
    const { kek } = await openKek(config)
    const context = new Uint8Array([1])
    const wrapped = await kek.wrap(new Uint8Array(32).fill(7), context)
    const again = await openKek(config)
    expect(await again.kek.unwrap(wrapped, context)).toEqual(new Uint8Array(32).fill(7))
    expect(statSync(join(folder, 'kek')).mode & 0o777).toBe(0o600)
  })

  it('may be a key in Vault in production, in place of QSM_KEK, its token from a file', () => {
    const file = join(folder, 'token')
    writeFileSync(file, 'hvs.token\n')
    const vault = { QSM_KEK_VAULT_URL: 'https://vault:8200/', QSM_KEK_VAULT_TOKEN_FILE: file, QSM_KEK_VAULT_KEY: 'qsm' }
    const config = readPodConfig(environment(vault))
    expect(config).toMatchObject({ QSM_KEK_VAULT_URL: 'https://vault:8200', QSM_KEK_VAULT_MOUNT: 'transit' })
    expect(config.QSM_KEK_VAULT_TOKEN?.reveal()).toBe('hvs.token')
  })

  it.each([
    [{ QSM_KEK_VAULT_URL: 'https://vault:8200' }, ['QSM_KEK_VAULT_TOKEN', 'QSM_KEK_VAULT_KEY']],
    [{ QSM_KEK_VAULT_KEY: 'qsm', QSM_KEK_VAULT_TOKEN: 'hvs.token' }, ['QSM_KEK_VAULT_URL']],
  ])('names what is missing of Vault where there is a part of it: %j', (given, missing) => {
    for (const more of [{}, { QSM_KEK: `k1:${draw()}` }, { QSM_ENV: 'development' }]) {
      const read = () => readPodConfig(environment({ ...given, ...more }))
      expect(read).toThrow(`does not fit (${missing.length})`)
      for (const name of missing) expect(read).toThrow(`${name}: must be set too where`)
    }
  })

  it('tells all that is wrong with Vault at once, without the token', () => {
    const given = {
      QSM_KEK_VAULT_URL: 'ftp://vault',
      QSM_KEK_VAULT_TOKEN: 'hvs.to ken\n',
      QSM_KEK_VAULT_KEY: 'qsm',
      QSM_KEK_VAULT_MOUNT: 'm'.repeat(33),
    }
    const read = () => readPodConfig(environment(given))
    for (const name of ['URL', 'TOKEN', 'MOUNT']) expect(read).toThrow(`QSM_KEK_VAULT_${name}: `)
    expect(read).toThrow('does not fit (3)')
    expect(read).not.toThrow('to ken')
    for (const QSM_KEK_VAULT_KEY of ['', '../keys/other', 'a/b', 'a?b', '.', 'k'.repeat(49)]) {
      expect(() => readPodConfig(environment({ QSM_KEK_VAULT_KEY }))).toThrow(/QSM_KEK_VAULT_KEY: /)
    }
    const withUser = { ...given, QSM_KEK_VAULT_URL: 'https://someone:secret@vault:8200' }
    expect(() => readPodConfig(environment(withUser))).toThrow(/QSM_KEK_VAULT_URL: an address without user/)
    expect(() => readPodConfig(environment(withUser))).not.toThrow('someone')
  })
})
