import type { Classical } from '@qsm/protocol'
import { createNodeClassical } from '@qsm/server-kit'
import { loadPostQuantum } from '@qsm/wasm'
import { expect, it } from 'vitest'
import { testPlatform } from '../src/self-test/platform-answers.js'
import { requireSelfTest } from '../src/self-test/require-self-test.js'

const classical = createNodeClassical()
const wrong = (bytes: Uint8Array): Uint8Array => bytes.with(0, (bytes[0] ?? 0) ^ 1)

it('the platform passes, and the report names its checks beside those of the library', async () => {
  const { report } = await loadPostQuantum()
  const whole = await requireSelfTest(report, classical)
  expect(whole.selfTest.passed).toBe(true)
  expect(whole.selfTest.checks).toHaveLength(report.selfTest.checks.length + 6)
  expect(whole.selfTest.checks.every(({ passed }) => passed)).toBe(true)
})

const faults: readonly [string, Partial<Classical>][] = [
  ['SHA-256', { sha256: async (...parts) => wrong(await classical.sha256(...parts)) }],
  ['HKDF-SHA256', { hmacSha256: async (key, data) => wrong(await classical.hmacSha256(key, data)) }],
  ['AES-256-GCM', { aesGcmSeal: async (...given) => wrong(await classical.aesGcmSeal(...given)) }],
  ['AES-256-GCM', { aesGcmOpen: async () => new Uint8Array(60) }],
  ['ECDH', { ecdh: async (...given) => wrong(await classical.ecdh(...given)) }],
  ['ECDSA', { ecdsaVerify: () => true }],
  ['ECDSA', { ecdsaVerify: () => false }],
  ['ECDSA', { ecdsaSign: async (...given) => wrong(await classical.ecdsaSign(...given)) }],
  [
    'ECDSA',
    {
      generateP256: () => {
        throw new Error('no randomness')
      },
    },
  ],
]

it.each(faults)('a fault of %s is found, and nothing is served', async (name, fault) => {
  const broken: Classical = { ...classical, ...fault }
  const failed = (await testPlatform(broken)).filter(({ passed }) => !passed)
  expect(failed.length).toBeGreaterThan(0)
  for (const check of failed) expect(check.name).toContain(name)
  const { report } = await loadPostQuantum()
  await expect(requireSelfTest(report, broken)).rejects.toThrow(/The self-test .* Nothing is served/)
})
