import { afterEach, describe, expect, it, vi } from 'vitest'
import type { LiboqsModule } from '../src/liboqs/instantiate.js'
import type { KemExport, SignerExport } from '../src/liboqs/pinned-modules.js'

type Call<Name extends string> = LiboqsModule<Name>['call']

/** Loads with functions of the module replaced; `change` gets the real ones. */
const withModule = <Name extends string>(
  change: (call: Call<Name>, view: () => DataView) => Partial<Record<Name, (...numbers: number[]) => number>>,
) => {
  vi.resetModules()
  vi.doMock('../src/liboqs/instantiate.js', async original => {
    const { instantiate } = await original<typeof import('../src/liboqs/instantiate.js')>()
    return {
      instantiate: async (pinned: Parameters<typeof instantiate<Name>>[0]) => {
        const { memory, call } = await instantiate(pinned)
        return { memory, call: { ...call, ...change(call, () => new DataView(memory.buffer)) } }
      },
    }
  })
}
afterEach(() => vi.doUnmock('../src/liboqs/instantiate.js'))

describe('a library that misbehaves', () => {
  it('has a signature that is too long drawn again', async () => {
    let draws = 0
    withModule<SignerExport>((call, view) => ({
      sign(...numbers) {
        const status = call.sign(...numbers)
        draws += 1
        if (draws === 2) view().setUint32(numbers[2] as number, 667, true)
        return status
      },
    }))
    const { signer } = await (await import('../src/liboqs/signer.js')).loadLiboqsSigner()
    const { publicKey, secretKey } = await signer.generateKeyPair()
    expect(draws).toBe(1)
    const signature = await signer.sign(secretKey, new Uint8Array(9))
    expect(draws).toBe(3)
    expect(signature).toHaveLength(666)
    expect(await signer.verify(publicKey, new Uint8Array(9), signature)).toBe(true)
  })

  it('is given up on after a hundred such signatures', async () => {
    withModule<SignerExport>((_, view) => ({
      sign(...numbers) {
        view().setUint32(numbers[2] as number, 700, true)
        return 0
      },
    }))
    const { signer } = await (await import('../src/liboqs/signer.js')).loadLiboqsSigner()
    expect(() => signer.sign(new Uint8Array(1281), new Uint8Array(9))).toThrow('in 100 draws')
  })

  it('gives out no key pair that does not open what it seals', async () => {
    withModule<KemExport>((call, view) => ({
      decapsulate(...numbers) {
        const status = call.decapsulate(...numbers)
        const at = (numbers[1] as number) + 31
        view().setUint8(at, view().getUint8(at) ^ 1)
        return status
      },
    }))
    const { kem } = await (await import('../src/liboqs/kem.js')).loadLiboqsKem()
    expect(() => kem.generateKeyPair()).toThrow('does not open what it seals')
  })

  it('gives out no key pair that does not verify what it signs', async () => {
    withModule<SignerExport>(() => ({ verify: () => -1 }))
    const { signer } = await (await import('../src/liboqs/signer.js')).loadLiboqsSigner()
    expect(() => signer.generateKeyPair()).toThrow('does not verify what it signs')
  })

  it('is told by what it could not do', async () => {
    withModule<SignerExport>(() => ({ keypair: () => -1 }))
    const { signer } = await (await import('../src/liboqs/signer.js')).loadLiboqsSigner()
    expect(() => signer.generateKeyPair()).toThrow('no key pair could be made')
    withModule<KemExport>(() => ({ keypair: () => -1 }))
    const { kem } = await (await import('../src/liboqs/kem.js')).loadLiboqsKem()
    expect(() => kem.generateKeyPair()).toThrow('no key pair could be made')
  })
})
