import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { loadPostQuantum } from '../src/load.js'
import { signerSizes } from '../src/sizes.js'

/** A Falcon-512 secret key in its right form: 512 coefficients each of f and g in 6 bits, of F in 8 (round 3, section 3.11.5). */
const encoded = (f: readonly number[], g: readonly number[], F: readonly number[]): Uint8Array => {
  const inBits = (polynomial: readonly number[], width: number) =>
    Array.from({ length: 512 }, (_, index) =>
      ((polynomial[index] ?? 0) & (2 ** width - 1)).toString(2).padStart(width, '0'),
    ).join('')
  const bits = inBits(f, 6) + inBits(g, 6) + inBits(F, 8)
  const key = new Uint8Array(signerSizes.secretKeyBytes)
  key[0] = 0x59
  for (let index = 1; index < key.length; index += 1) {
    key[index] = Number.parseInt(bits.slice(8 * (index - 1), 8 * index), 2)
  }
  return key
}

/** The same key with -F: its basis has the determinant -q. */
const withNegatedF = (secretKey: Uint8Array): Uint8Array => {
  const key = Uint8Array.from(secretKey)
  for (let index = 1 + 2 * 384; index < key.length; index += 1) key[index] = -(key[index] as number)
  return key
}

const program = `
import { loadPostQuantum } from '@qsm/wasm'
const { signer } = await loadPostQuantum()
try {
  await signer.sign(Buffer.from(process.argv[1], 'base64'), new Uint8Array(3))
  console.log('signed')
} catch (error) {
  console.log(error.message)
}
`
/** Signs in a process of its own: a search that does not end holds up nobody but that. Rejects after 15 s. */
const signElsewhere = async (secretKey: Uint8Array): Promise<string> => {
  const args = ['--input-type=module', '--eval', program, '--', Buffer.from(secretKey).toString('base64')]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname, timeout: 15_000 })
  return stdout.trim()
}

describe('the build of our own', { timeout: 30_000 }, () => {
  it('takes no other key for one that it keeps, whichever byte differs', async () => {
    const { signer } = await loadPostQuantum({ keepExpandedKeysMs: 60_000 })
    const { secretKey } = await signer.generateKeyPair()
    await signer.sign(secretKey, new Uint8Array(3))
    for (let at = 0; at < signerSizes.secretKeyBytes; at += 1) {
      const other = Uint8Array.from(secretKey)
      other[at] = (other[at] as number) ^ (1 << (at % 8))
      await expect(async () => signer.sign(other, new Uint8Array(3))).rejects.toThrow('secretKey is not valid')
    }
  })

  it.each([
    ['F and G are zero', encoded([1], [1], [])],
    ['g is zero', encoded([1], [], [])],
    ['f and g are short and F does not belong to them', encoded([1], [0, 1], [0, 0, 0, 1])],
  ])('refuses a secret key where %s, instead of searching for ever', async (_, secretKey) => {
    expect(await signElsewhere(secretKey)).toBe('Falcon-512: secretKey is not valid')
  })

  it('refuses a key with -F in place of F, and signs by the true one', async () => {
    const { secretKey } = await (await loadPostQuantum()).signer.generateKeyPair()
    expect(await signElsewhere(secretKey)).toBe('signed')
    expect(await signElsewhere(withNegatedF(secretKey))).toBe('Falcon-512: secretKey is not valid')
  })
})
