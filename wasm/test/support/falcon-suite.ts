import type { Signer } from '@qsm/protocol'
import { expect, it } from 'vitest'
import type { Feed } from './fed-draws.js'
import { katGenerator } from './kat-generator.js'
import { falconRecords, paddedFrom } from './vector-files.js'

const flipped = (value: Uint8Array, bit: number): Uint8Array => {
  const copy = Uint8Array.from(value)
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}

/** Every Falcon-512 signature of the vectors against one provider's verifier. */
export const falconSuite = (signer: Signer): void => {
  const records = falconRecords('falcon-512/falcon512-KAT.rsp')

  it('accepts the 100 signatures of round 3 and refuses each with one bit changed', async () => {
    expect(records).toHaveLength(100)
    for (const [index, record] of records.entries()) {
      const { publicKey, message } = record
      const signature = paddedFrom(record)
      expect(await signer.verify(publicKey, message, signature)).toBe(true)
      expect(await signer.verify(publicKey, message, flipped(signature, 8 + 50 * index))).toBe(false)
      expect(await signer.verify(publicKey, flipped(message, index), signature)).toBe(false)
    }
  })

  it('accepts the single record in the compressed form, padded, and in the padded form as it is', async () => {
    const [compressed] = falconRecords('falcon-512/nistkat-falcon-512-count0.rsp')
    const [padded] = falconRecords('falcon-512/nistkat-falcon-padded-512-count0.rsp')
    if (!compressed || !padded) throw new Error('a file has no record')
    expect(compressed).toEqual(records[0])
    const signature = padded.signed.slice(0, 666)
    expect(signature).toEqual(paddedFrom(compressed))
    expect(padded.signed.slice(666)).toEqual(padded.message)
    expect(await signer.verify(padded.publicKey, padded.message, signature)).toBe(true)
  })

  it('refuses a signature with any bit of its header, salt, body or padding changed, 2 000 of 5 328', async () => {
    const [record] = records
    if (!record) throw new Error('no record')
    const signature = paddedFrom(record)
    const bits = Array.from({ length: 2_000 }, (_, index) => (index * 2_663) % 5_328)
    expect(new Set(bits).size).toBe(2_000)
    const accepted: number[] = []
    for (const bit of bits) {
      if (await signer.verify(record.publicKey, record.message, flipped(signature, bit))) accepted.push(bit)
    }
    expect(accepted).toEqual([])
  })
}

/** The first known answers of round 3, of 100, made anew by one provider: `feed` gives what their generator gave. */
export const knownAnswersSuite = (signer: Signer, feed: Feed, count: number): void => {
  it(`makes the first ${count} key pairs and signatures of round 3 under the generator of the known answers`, async () => {
    const records = falconRecords('falcon-512/falcon512-KAT.rsp').slice(0, count)
    expect(records).toHaveLength(count)
    for (const record of records) {
      const draw = katGenerator(record.seed)
      feed(draw(48))
      const pair = await signer.generateKeyPair()
      expect(pair).toEqual({ publicKey: record.publicKey, secretKey: record.secretKey })
      feed(draw(40), draw(48))
      expect(await signer.sign(pair.secretKey, record.message)).toEqual(paddedFrom(record))
      expect(feed.left()).toBe(0)
    }
  })
}

/** A signer with the generator that it draws from. */
export interface FedSigner {
  readonly signer: Signer
  readonly feed: Feed
}

/** 200 signatures, by 10 keys and under one generator, of messages from 0 to 3 230 bytes. */
export const sameSignaturesSuite = (one: FedSigner, stock: FedSigner): void => {
  it('gives byte for byte the signatures of the stock build, 200 by 10 keys under one generator', {
    timeout: 60_000,
  }, async () => {
    const draw = katGenerator(new Uint8Array(48).map((_, index) => 3 * index + 1))
    for (let key = 0; key < 10; key += 1) {
      const { secretKey } = await stock.signer.generateKeyPair()
      for (let count = 0; count < 20; count += 1) {
        const message = draw(17 * count * (key + 1))
        const draws = [draw(40), draw(48)]
        stock.feed(...draws)
        const expected = await stock.signer.sign(secretKey, message)
        one.feed(...draws)
        expect(await one.signer.sign(secretKey, message)).toEqual(expected)
        expect(one.feed.left()).toBe(0)
      }
    }
  })
}
