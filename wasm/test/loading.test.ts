import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { kemAnswer, signerAnswer } from '../src/known-answers.js'
import { kemModule, libraryVersion, signerModule } from '../src/liboqs/pinned-modules.js'
import { readPinnedWasm } from '../src/liboqs/read-wasm.js'
import { cases, falconRecords, hex, paddedFrom, shake256 } from './support/vector-files.js'

const packageFile = (path: string) => new URL(`../../node_modules/@oqs/liboqs-js/${path}`, import.meta.url)

/** A fresh copy of the package, with the mocks of the test. */
const load = async () => {
  vi.resetModules()
  return (await import('../src/index.js')).loadPostQuantum({ build: 'stock' })
}
afterEach(() => {
  vi.doUnmock('node:crypto')
  vi.doUnmock('../src/known-answers.js')
  vi.doUnmock('../src/liboqs/pinned-modules.js')
})

describe('loading the stock build', () => {
  it('happens once, passes every check and reports what runs', async () => {
    const { loadPostQuantum } = await import('../src/index.js')
    const loaded = await loadPostQuantum({ build: 'stock' })
    expect(await loadPostQuantum({ build: 'stock' })).toBe(loaded)
    const { report } = loaded
    expect(report).toMatchObject({ library: '@oqs/liboqs-js', version: libraryVersion, audited: false })
    expect(report.selfTest.passed).toBe(true)
    expect(report.selfTest.checks.filter(({ passed }) => !passed)).toEqual([])
    expect(report.selfTest.checks.length).toBeGreaterThan(7)
    expect(report.algorithms.map(({ name, wasmSha256 }) => [name, wasmSha256])).toEqual([
      ['ML-KEM-768', kemModule.sha256],
      ['Falcon-512', signerModule.sha256],
    ])
    expect(report.loadMs).toBeGreaterThan(0)
  })

  it('of noble passes the same checks', async () => {
    const { loadPostQuantum } = await import('../src/noble.js')
    const { report } = await loadPostQuantum()
    expect(report).toMatchObject({ library: '@noble/post-quantum', selfTest: { passed: true } })
    const installed = JSON.parse(
      await readFile(new URL('../../node_modules/@noble/post-quantum/package.json', import.meta.url), 'utf8'),
    )
    expect(report.version).toBe(installed.version)
  })

  it.each([
    ['leaves the memory as it is', (target: Uint8Array) => target, 'gave only zeros'],
    ['gives the same bytes each time', (target: Uint8Array) => target.fill(7), 'random blocks differ'],
  ])('is refused with a generator that %s', async (_, randomFillSync, text) => {
    vi.doMock('node:crypto', async original => ({ ...(await original<object>()), randomFillSync }))
    await expect(load()).rejects.toMatchObject({ name: 'AlgorithmLoadError', message: expect.stringContaining(text) })
  })

  it('takes no bytes that were there before for random ones', async () => {
    vi.resetModules()
    const randomFillSync = (target: Uint8Array) => target
    vi.doMock('node:crypto', async original => ({ ...(await original<object>()), randomFillSync }))
    const { fillRandom } = await import('../src/entropy/node.js')
    expect(() => fillRandom(new Uint8Array(32).fill(9))).toThrow('gave only zeros')
  })

  it('is refused with a generator that fails', async () => {
    const randomFillSync = () => {
      throw new Error('the generator is gone')
    }
    vi.doMock('node:crypto', async original => ({ ...(await original<object>()), randomFillSync }))
    const error = { name: 'AlgorithmLoadError', message: expect.stringContaining('the generator is gone') }
    await expect(load()).rejects.toMatchObject(error)
  })

  it.each([
    ['a wrong secret', { kemAnswer: { ...kemAnswer, sharedSecret: '00'.repeat(32) } }, 'opens a known ciphertext'],
    ['a wrong rejection', { kemAnswer: { ...kemAnswer, rejectedSecret: '00'.repeat(32) } }, 'rejects an altered'],
    ['a wrong message', { signerAnswer: { ...signerAnswer, message: '00' } }, 'accepts a known signature'],
  ])('is refused when a known answer does not come out: %s', async (_, altered, failed) => {
    vi.doMock('../src/known-answers.js', () => ({ kemAnswer, signerAnswer, ...altered }))
    const failure = load()
    await expect(failure).rejects.toMatchObject({ name: 'AlgorithmLoadError' })
    await expect(failure).rejects.toThrow(failed)
    await expect(failure).rejects.toThrow('install with npm ci')
  })

  it('is refused when the WASM is not the pinned one', async () => {
    const original = await import('../src/liboqs/pinned-modules.js')
    const sha256 = kemModule.sha256
    vi.doMock('../src/liboqs/pinned-modules.js', () => ({ ...original, signerModule: { ...signerModule, sha256 } }))
    await expect(load()).rejects.toThrow(`its SHA-256 is ${signerModule.sha256}, not ${sha256}`)
  })
})

describe('the bytes of the WASM', () => {
  let folder: string
  let script: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'qsm-wasm-'))
    script = await readFile(packageFile(`dist/${kemModule.file}`), 'utf8')
  })
  afterEach(() => rm(folder, { recursive: true }))
  const inFolder = async (text: string) => {
    await writeFile(join(folder, kemModule.file), text)
    return readPinnedWasm(kemModule, folder)
  }

  it('are those that were hashed, whatever the script around them does', async () => {
    const wasm = await inFolder(`throw new Error('this script ran')\n${script}`)
    expect(createHash('sha256').update(wasm).digest('hex')).toBe(kemModule.sha256)
    expect(WebAssembly.validate(wasm)).toBe(true)
  })

  it('are refused with one character changed, cut short or not there', async () => {
    const at = script.indexOf("'\0asm") + 20_000
    const changed = script.slice(0, at) + String.fromCharCode(script.charCodeAt(at) ^ 1) + script.slice(at + 1)
    for (const text of [changed, script.slice(0, 30_000), '', "'\0asm'"]) {
      await expect(inFolder(text)).rejects.toMatchObject({ name: 'AlgorithmLoadError' })
      await expect(inFolder(text)).rejects.toThrow('install again with npm ci')
    }
    await expect(readPinnedWasm(kemModule, join(folder, 'absent'))).rejects.toThrow('ML-KEM-768 cannot be read')
  })
})

describe('what is pinned', () => {
  it('is the version that is installed, under the names that its script uses', async () => {
    const installed = JSON.parse(await readFile(packageFile('package.json'), 'utf8'))
    expect(installed.version).toBe(libraryVersion)
    for (const [pinned, names] of [
      [kemModule, { create: 'KEM_new', keypair: 'KEM_keypair', encapsulate: 'KEM_encaps', decapsulate: 'KEM_decaps' }],
      [signerModule, { create: 'SIG_new', keypair: 'SIG_keypair', sign: 'SIG_sign', verify: 'SIG_verify' }],
    ] as const) {
      const script = await readFile(packageFile(`dist/${pinned.file}`), 'utf8')
      const exports: Readonly<Record<string, string>> = pinned.exports
      for (const [name, original] of Object.entries({ ...names, libraryInit: 'init' })) {
        expect(script).toContain(`d._OQS_${original}=c.${exports[name]};`)
      }
      expect(script).toContain(`d._malloc=c.${exports.malloc};la=c.${exports.stackRestore};`)
      expect(script).toContain(`W=c.${exports.stackPointer};J=c.${pinned.memory};`)
    }
  })

  it('are known answers out of the vectors', () => {
    const { secretKey, ciphertext, sharedSecret, alteredByte, rejectedSecret } = kemAnswer
    const known = cases('acvp-ml-kem-768/encapDecap.internalProjection.768.json').find(({ tcId }) => tcId === 86)
    expect([known?.dk, known?.c, known?.k]).toEqual([secretKey, ciphertext, sharedSecret].map(one => one.toUpperCase()))
    const altered = Buffer.from(ciphertext, 'hex')
    altered[alteredByte] = (altered[alteredByte] as number) ^ 1
    expect(hex(shake256(Buffer.from(secretKey, 'hex').subarray(-32), altered))).toBe(rejectedSecret)

    const [record] = falconRecords('falcon-512/falcon512-KAT.rsp')
    if (!record) throw new Error('no record')
    const { publicKey, message, signature } = signerAnswer
    expect([publicKey, message, signature]).toEqual([record.publicKey, record.message, paddedFrom(record)].map(hex))
  })
})
