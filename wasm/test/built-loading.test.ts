import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as embedded from '../src/built/modules.generated.js'
import { libraryName } from '../src/liboqs/pinned-modules.js'

type BuiltKem = Awaited<ReturnType<typeof import('../src/built/kem.js').loadBuiltKem>>

const { falcon512Wasm, mlKem768Wasm } = embedded
const committed = [
  { file: 'falcon-512.wasm', wasm: falcon512Wasm },
  { file: 'ml-kem-768.wasm', wasm: mlKem768Wasm },
]
const moduleFile = (name: string) => readFile(new URL(`../modules/${name}`, import.meta.url))

/** A fresh copy of the package, with the mocks of the test. */
const load = async () => {
  vi.resetModules()
  return (await import('../src/index.js')).loadPostQuantum()
}
afterEach(() => {
  vi.doUnmock('node:crypto')
  vi.doUnmock('../src/built/modules.generated.js')
  vi.doUnmock('../src/built/signer.js')
  vi.doUnmock('../src/built/kem.js')
  vi.restoreAllMocks()
})

describe('loading', () => {
  it('takes our build, once, and reports what runs', async () => {
    const { loadPostQuantum } = await import('../src/index.js')
    const loaded = await loadPostQuantum()
    expect(await loadPostQuantum({ build: 'fast' })).toBe(loaded)
    expect(await loadPostQuantum({ build: 'stock' })).not.toBe(loaded)
    const { report } = loaded
    expect(report).toMatchObject({ library: '@qsm/wasm from liboqs', audited: false, fallbackReason: null })
    expect(report.selfTest.passed).toBe(true)
    expect(report.selfTest.checks.map(({ name }) => name)).toContain('ML-KEM-768 makes the known key pair of a seed')
    expect(report.selfTest.checks.length).toBeGreaterThan(7)
    expect(report.algorithms.map(({ name, wasmSha256 }) => [name, wasmSha256])).toEqual([
      ['ML-KEM-768', mlKem768Wasm.sha256],
      ['Falcon-512', falcon512Wasm.sha256],
    ])
  })

  it('takes the stock build where the engine cannot compile ours, and says so', async () => {
    const instantiate = WebAssembly.instantiate
    vi.spyOn(WebAssembly, 'instantiate').mockImplementation((async (source: BufferSource, imports: object) => {
      if (ArrayBuffer.isView(source)) throw new WebAssembly.CompileError('Wasm SIMD unsupported')
      return instantiate(source, imports as WebAssembly.Imports)
    }) as typeof WebAssembly.instantiate)
    const { report, signer } = await load()
    expect(report).toMatchObject({ library: libraryName, fallbackReason: 'Wasm SIMD unsupported' })
    const { publicKey, secretKey } = await signer.generateKeyPair()
    expect(await signer.verify(publicKey, secretKey, await signer.sign(secretKey, secretKey))).toBe(true)
  })

  it('takes the stock build where a known answer does not come out of ours', async () => {
    vi.doMock('../src/built/signer.js', async original => {
      const { loadBuiltSigner } = await original<typeof import('../src/built/signer.js')>()
      return {
        loadBuiltSigner: async (...inputs: Parameters<typeof loadBuiltSigner>) => {
          const { signer, memory } = await loadBuiltSigner(...inputs)
          return { memory, signer: { ...signer, verify: () => true } }
        },
      }
    })
    const { report } = await load()
    expect(report.library).toBe(libraryName)
    expect(report.fallbackReason).toContain('Falcon-512 refuses an altered signature')
  })

  it.each<[string, string, (loaded: BuiltKem) => Partial<BuiltKem>]>([
    [
      'makes another key pair than the known one',
      'makes the known key pair of a seed',
      ({ keyPairFrom }) => ({ keyPairFrom: seed => keyPairFrom(seed.with(63, 0)) }),
    ],
    [
      'does not look at the last coefficient of a public key',
      'refuses public keys that are all zero or not reduced',
      ({ kem }) => ({
        kem: { ...kem, encapsulate: key => kem.encapsulate(key[1151] === 0xd0 ? key.with(1151, 1) : key) },
      }),
    ],
  ])('takes the stock build where ours %s', async (_, failed, fault) => {
    vi.doMock('../src/built/kem.js', async original => {
      const { loadBuiltKem } = await original<typeof import('../src/built/kem.js')>()
      return {
        loadBuiltKem: async (...inputs: Parameters<typeof loadBuiltKem>) => {
          const loaded = await loadBuiltKem(...inputs)
          return { ...loaded, ...fault(loaded) }
        },
      }
    })
    const { report } = await load()
    expect(report.library).toBe(libraryName)
    expect(report.fallbackReason).toContain(`failed: ML-KEM-768 ${failed}.`)
  })

  it('is refused when the bytes of ours are not the pinned ones: the stock build does not hide it', async () => {
    const sha256 = falcon512Wasm.sha256
    const altered = { ...mlKem768Wasm, sha256 }
    vi.doMock('../src/built/modules.generated.js', () => ({ ...embedded, mlKem768Wasm: altered }))
    await expect(load()).rejects.toMatchObject({
      name: 'AlgorithmLoadError',
      message: expect.stringContaining(`its SHA-256 is ${mlKem768Wasm.sha256}, not ${sha256}`),
    })
  })

  it('is refused with a generator that gives only zeros', async () => {
    const randomFillSync = (target: Uint8Array) => target
    vi.doMock('node:crypto', async original => ({ ...(await original<object>()), randomFillSync }))
    await expect(load()).rejects.toMatchObject({
      name: 'AlgorithmLoadError',
      message: expect.stringContaining('gave only zeros'),
    })
  })
})

describe('the committed modules', () => {
  it('are the bytes that are embedded, under the hashes that stand beside them', async () => {
    const sums = (await moduleFile('SHA256SUMS')).toString()
    const provenance = (await moduleFile('PROVENANCE.md')).toString()
    for (const { file, wasm } of committed) {
      const bytes = await moduleFile(file)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      expect(wasm).toEqual({ sha256, base64: bytes.toString('base64') })
      expect(sums).toContain(`${sha256}  ${file}\n`)
      expect(provenance).toContain(`| ${file} | ${bytes.length} | \`${sha256}\` |`)
    }
  })

  it('import nothing from their host', async () => {
    for (const { file } of committed) {
      const compiled = await WebAssembly.compile(new Uint8Array(await moduleFile(file)))
      expect(WebAssembly.Module.imports(compiled)).toEqual([])
    }
  })

  it.each([
    { file: 'falcon-512.wasm', functions: ['keypair', 'expand', 'sign', 'verify', 'find_slot'] },
    { file: 'ml-kem-768.wasm', functions: ['keypair', 'encapsulate', 'decapsulate'] },
  ])('$file uses less than half of its stack', async ({ file, functions }) => {
    const compiled = await WebAssembly.compile(new Uint8Array(await moduleFile(file)))
    const exported = (await WebAssembly.instantiate(compiled, {})).exports as Record<string, WebAssembly.Global> & {
      memory: WebAssembly.Memory
    }
    const top = exported.__stack_pointer?.value
    const stack = new Uint8Array(exported.memory.buffer, 0, top)
    stack.fill(0xaa)
    for (const name of functions) (exported[name] as unknown as (...numbers: number[]) => number)(0, 0)
    const untouched = stack.findIndex(byte => byte !== 0xaa)
    expect(untouched).toBeGreaterThan(top / 2)
    expect(untouched).toBeLessThan(top)
  })
})
