import { type Classical, hkdf } from '@qsm/protocol'

export interface Check {
  readonly name: string
  readonly passed: boolean
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const equal = (bytes: Uint8Array | null, text: string): boolean =>
  bytes !== null && Buffer.from(bytes).toString('hex') === text
const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 1)
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/** RFC 6979 appendix A.2.5: the key, and the signature of "test" with SHA-256, whose s is low. */
const ecdsaAnswer = {
  publicKey:
    '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  signature:
    'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
} as const

/** RFC 5903 section 8.1: two key pairs on P-256 and the X that both compute. */
const ecdhAnswer = {
  secretKey: 'c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433',
  publicKey:
    '04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3',
  peer: '04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
  secret: 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de',
} as const

/** Test case 16 of the GCM specification: a key of 256 bits with associated data. */
const gcmAnswer = {
  key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
  nonce: 'cafebabefacedbaddecaf888',
  aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
  plaintext:
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  sealed:
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
} as const

/** RFC 5869 appendix A.1. */
const hkdfAnswer = {
  ikm: '0b'.repeat(22),
  salt: '000102030405060708090a0b0c',
  info: 'f0f1f2f3f4f5f6f7f8f9',
  okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
} as const

/** FIPS 180-4: SHA-256 of "abc". */
const sha256Answer = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

const check = async (name: string, holds: () => boolean | Promise<boolean>): Promise<Check> => {
  try {
    return { name, passed: await holds() }
  } catch {
    return { name, passed: false } // That it failed is the answer; the name says what did.
  }
}

/** Known answers of the platform's algorithms, and alterations of them that must be refused. */
export const testPlatform = async (classical: Classical): Promise<readonly Check[]> => [
  await check('SHA-256 gives a known hash', async () => equal(await classical.sha256(ascii('abc')), sha256Answer)),
  await check('HKDF-SHA256 gives known bytes', async () => {
    const { ikm, salt, info, okm } = hkdfAnswer
    return equal(await hkdf(classical, hex(salt), hex(ikm), hex(info), okm.length / 2), okm)
  }),
  await check('AES-256-GCM seals and opens a known text, and refuses an altered one', async () => {
    const [key, nonce, aad, sealed] = [gcmAnswer.key, gcmAnswer.nonce, gcmAnswer.aad, gcmAnswer.sealed].map(hex) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const made = await classical.aesGcmSeal(key, nonce, aad, hex(gcmAnswer.plaintext))
    const opened = await classical.aesGcmOpen(key, nonce, aad, sealed)
    const refused = [
      await classical.aesGcmOpen(key, nonce, aad, flipped(sealed, 3)),
      await classical.aesGcmOpen(key, nonce, aad, flipped(sealed, sealed.length - 1)),
      await classical.aesGcmOpen(key, nonce, flipped(aad, 0), sealed),
    ]
    return equal(made, gcmAnswer.sealed) && equal(opened, gcmAnswer.plaintext) && refused.every(value => value === null)
  }),
  await check('ECDH P-256 gives a known secret', async () => {
    const own = { publicKey: hex(ecdhAnswer.publicKey), secretKey: hex(ecdhAnswer.secretKey) }
    return equal(await classical.ecdh(own, hex(ecdhAnswer.peer)), ecdhAnswer.secret)
  }),
  await check('ECDSA P-256 accepts a known signature, and refuses an altered one', async () => {
    const [key, signature] = [hex(ecdsaAnswer.publicKey), hex(ecdsaAnswer.signature)]
    const accepted = await classical.ecdsaVerify(key, ascii('test'), signature)
    const other = await classical.ecdsaVerify(key, ascii('tesT'), signature)
    return accepted && !other && !(await classical.ecdsaVerify(key, ascii('test'), flipped(signature, 40)))
  }),
  await check('ECDSA P-256 signatures of a new key hold for it alone', async () => {
    const own = await classical.generateP256()
    const signature = await classical.ecdsaSign(own, ascii('test'))
    const holds = await classical.ecdsaVerify(own.publicKey, ascii('test'), signature)
    return holds && !(await classical.ecdsaVerify(hex(ecdsaAnswer.publicKey), ascii('test'), signature))
  }),
]
