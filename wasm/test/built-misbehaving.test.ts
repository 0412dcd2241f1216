import { afterEach, describe, expect, it, vi } from 'vitest'
import { fillRandom } from '../src/entropy/node.js'

type Functions = Record<string, (...numbers: number[]) => number>

/** Functions of the modules replaced; `change` gets the real ones and the places. */
const withModule = (change: (call: Functions, at: Readonly<Record<string, Uint8Array>>) => Functions) => {
  vi.resetModules()
  vi.doMock('../src/built/built-module.js', async original => {
    const { startModule } = await original<typeof import('../src/built/built-module.js')>()
    return {
      startModule: async (...inputs: Parameters<typeof startModule>) => {
        const module = await startModule(...inputs)
        return { ...module, call: { ...module.call, ...change(module.call, module.at) } }
      },
    }
  })
}
const loadSigner = async (keepMs = 0) =>
  (await (await import('../src/built/signer.js')).loadBuiltSigner(fillRandom, keepMs)).signer
afterEach(() => vi.doUnmock('../src/built/built-module.js'))

describe('a module that misbehaves', () => {
  it('has a signature that is too long drawn again', async () => {
    let draws = 0
    withModule(call => ({
      sign(...numbers) {
        draws += 1
        return draws === 2 ? 0 : (call.sign?.(...numbers) as number)
      },
    }))
    const signer = await loadSigner()
    const { publicKey, secretKey } = await signer.generateKeyPair()
    const message = new Uint8Array(10)
    expect(await signer.verify(publicKey, message, await signer.sign(secretKey, message))).toBe(true)
    expect(draws).toBe(3)
  })

  it('is not asked for ever', async () => {
    withModule(() => ({ sign: () => 0 }))
    const signer = await loadSigner()
    expect(() => signer.generateKeyPair()).toThrow('no signature of 666 bytes in 100 draws')
  })

  it('gives out no Falcon pair that does not verify what it signs', async () => {
    withModule(() => ({ verify: () => 0 }))
    const signer = await loadSigner()
    expect(() => signer.generateKeyPair()).toThrow('does not verify what it signs')
  })

  it('gives out no ML-KEM pair that does not open what it seals', async () => {
    withModule((call, at) => ({
      decapsulate() {
        call.decapsulate?.()
        ;(at.shared_secret as Uint8Array)[31] = ((at.shared_secret as Uint8Array)[31] as number) ^ 1
        return 1
      },
    }))
    const { kem } = await (await import('../src/built/kem.js')).loadBuiltKem(fillRandom)
    expect(() => kem.generateKeyPair()).toThrow('does not open what it seals')
  })

  it.each([
    ['refuses', 'secretKey is not valid', () => 0],
    [
      'traps',
      'unreachable',
      () => {
        throw new WebAssembly.RuntimeError('unreachable')
      },
    ],
  ])('leaves no copy of the secret when opening it for a new pair %s', async (_, message, decapsulate) => {
    const copies: Uint8Array[] = []
    withModule((_call, at) => {
      const secret = at.shared_secret as Uint8Array<ArrayBuffer>
      secret.slice = () => {
        const copy = Uint8Array.from(secret)
        expect(copy.some(byte => byte !== 0)).toBe(true)
        copies.push(copy)
        return copy
      }
      return { decapsulate }
    })
    const { kem } = await (await import('../src/built/kem.js')).loadBuiltKem(fillRandom)
    expect(() => kem.generateKeyPair()).toThrow(message)
    expect(copies).toEqual([new Uint8Array(32)])
  })

  it('expands a key for each signature, or once where keys are kept', async () => {
    let expanded = 0
    withModule(call => ({
      expand(slot) {
        expanded += 1
        return call.expand?.(slot as number) as number
      },
    }))
    const [forgetful, keeping] = [await loadSigner(), await loadSigner(60_000)]
    const { secretKey } = await forgetful.generateKeyPair()
    for (const [signer, times] of [
      [forgetful, 3],
      [keeping, 1],
    ] as const) {
      expanded = 0
      for (let count = 0; count < 3; count += 1) await signer.sign(secretKey, new Uint8Array(count))
      expect(expanded).toBe(times)
    }
  })
})

describe('a generator that fills a part', () => {
  it.each([
    ['salt', 0, 40],
    ['seed of the sampler', 40, 88],
  ])('makes no signature where it leaves out the %s', async (_, from, to) => {
    const { loadBuiltSigner } = await import('../src/built/signer.js')
    const { secretKey } = await (await loadSigner()).generateKeyPair()
    const { signer } = await loadBuiltSigner(target => {
      fillRandom(target)
      target.fill(0, from, to)
    }, 0)
    expect(() => signer.sign(secretKey, new Uint8Array(3))).toThrow('gave only zeros')
    expect(() => signer.generateKeyPair()).toThrow('gave only zeros')
  })
})
