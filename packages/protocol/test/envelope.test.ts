import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  agreesWithRecord,
  checkEnvelopeKeys,
  hasSignatureForm,
  kinds,
  maxContentBytes,
  maxEnvelopeBytes,
  type ProtocolError,
  padContent,
  parseEnvelope,
  readEnvelopeAddress,
  signatureBytes,
  unpadContent,
  verifyEnvelope,
  wrapSign,
} from '../src/index.js'
import { policies } from './support/exchange.js'
import { fastAlgorithms } from './support/fast-algorithms.js'
import { nobleAlgorithms } from './support/noble-algorithms.js'
import { Person, startedPair, talkingPair } from './support/person.js'

const message = (length: number, kind: number = kinds.text) => ({
  type: 1 as const,
  msgId: new Uint8Array(16).fill(7),
  content: { kind, content: new Uint8Array(length).fill(0x61) },
})
const flipped = (bytes: Uint8Array, at: number, bit: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte))
const refusalOf = async (work: Promise<unknown>): Promise<ProtocolError> => {
  const outcome = await work.then(
    () => null,
    (error: ProtocolError) => error,
  )
  if (!outcome) throw new Error('it was taken')
  return outcome
}

describe('the size of an envelope', () => {
  it('is 972 bytes and the padded text, with ek 2160, with ct 2064, with both 3252, with a prekey 4992', async () => {
    const { alice, bob } = await startedPair(fastAlgorithms)
    const sizes: Record<string, number> = {}
    const note = (bytes: Uint8Array) => {
      const { prekey, ek, ct } = parseEnvelope(bytes)
      sizes[prekey ? 'prekey' : [ek && 'ek', ct && 'ct'].filter(Boolean).join(' and ') || 'plain'] = bytes.length - 256
      return bytes
    }
    await bob.receive(alice, note(await alice.send(bob, 'one')))
    await alice.receive(bob, note(await bob.send(alice, 'two', policies['every turn'])))
    await bob.receive(alice, note(await alice.send(bob, 'three', policies.never)))
    await alice.receive(bob, note(await bob.send(alice, 'four', policies.never)))
    await bob.receive(alice, note(await alice.send(bob, 'five', policies['every turn'])))
    expect(sizes).toEqual({ plain: 972, ek: 2_160, ct: 2_064, 'ek and ct': 3_252, prekey: 4_992 })
  })

  it('is at most 98304 bytes: the longest content fits, one byte more is told to go apart', async () => {
    const { alice, bob } = await startedPair(fastAlgorithms)
    const longest = await alice.seal(bob, message(maxContentBytes))
    expect(longest.length).toBeLessThanOrEqual(maxEnvelopeBytes)
    expect((await bob.open(alice, longest)).content?.content.length).toBe(maxContentBytes)
    await expect(alice.seal(bob, message(maxContentBytes + 1))).rejects.toThrow('seal a longer one apart')
    expect(() => parseEnvelope(new Uint8Array(maxEnvelopeBytes + 1))).toThrow('an envelope has at most 98304 bytes')
  })
})

describe('the addresses of an envelope', () => {
  it('are those that the whole envelope says', async () => {
    const { alice, bob } = await startedPair(fastAlgorithms)
    for (const bytes of [await alice.send(bob, 'with a prekey'), await alice.send(bob, 'another')]) {
      expect(parseEnvelope(bytes).header).toMatchObject(readEnvelopeAddress(bytes))
    }
  })

  it('are read whatever else is wrong, but for size and version', async () => {
    const { alice, bob } = await startedPair(fastAlgorithms)
    const bytes = await alice.send(bob, 'a text')
    for (const [what, broken] of [
      ['suite', bytes.with(2, 9)],
      ['type', bytes.with(3, 9)],
      ['flags', bytes.with(4, 0x80)],
      ['a byte behind the end', Uint8Array.of(...bytes, 0)],
    ] as const) {
      expect([what, readEnvelopeAddress(broken)]).toEqual([what, readEnvelopeAddress(bytes)])
      expect(() => parseEnvelope(broken)).toThrow()
    }
    expect(() => readEnvelopeAddress(bytes.with(0, 2))).toThrow('unknown version')
    expect(() => readEnvelopeAddress(bytes.with(77, 0xff))).toThrow('sentAt is over 2^53 − 1')
    for (const length of [0, 1_227, maxEnvelopeBytes + 1]) {
      expect(() => readEnvelopeAddress(new Uint8Array(length).fill(1))).toThrow('1228 to 98304 bytes')
    }
  })
})

describe('padding', () => {
  it('gives back any content, and one form for each', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 1_200 }), (kind, content) => {
        const padded = padContent({ kind, content })
        expect(padded.length % 256).toBe(0)
        expect(padded.length - content.length).toBeLessThanOrEqual(257)
        expect(unpadContent(padded)).toEqual({ kind, content: new Uint8Array(content) })
      }),
    )
  })

  it('that is longer than it must be, or has no mark, is malformed', () => {
    const padded = padContent({ kind: 1, content: new Uint8Array(10) })
    const longer = new Uint8Array(512)
    longer.set(padded)
    for (const bytes of [
      longer,
      new Uint8Array(256),
      padded.subarray(0, 255),
      new Uint8Array(0),
      new Uint8Array(256).fill(1),
    ]) {
      expect(() => unpadContent(bytes)).toThrow('padded')
    }
    const kindOnly = new Uint8Array(256)
    kindOnly[0] = 0x80
    expect(() => unpadContent(kindOnly)).toThrow('padded')
  })
})

describe('what a server checks', () => {
  let alice: Person
  let bob: Person
  let bytes: Uint8Array

  // Real signatures: this is what a server has to judge.
  beforeAll(async () => {
    alice = await Person.create(nobleAlgorithms('server/a'), 1)
    bob = await Person.create(nobleAlgorithms('server/b'), 2)
    await alice.start(bob, await bob.bundle())
    bytes = await alice.send(bob, 'hello')
  })

  const judge = async (candidate: Uint8Array): Promise<boolean> => {
    try {
      const envelope = parseEnvelope(candidate)
      if (!hasSignatureForm(envelope.signature) || !agreesWithRecord(envelope, alice.record)) return false
      checkEnvelopeKeys(envelope)
      return await verifyEnvelope(alice.algorithms, envelope, alice.record.identityKey)
    } catch (error) {
      if ((error as Error).name === 'ProtocolError') return false
      throw error
    }
  }

  it('holds for a genuine envelope, and for the same bytes in a Buffer', async () => {
    expect(await judge(bytes)).toBe(true)
    expect(await judge(Buffer.from(bytes))).toBe(true)
  })

  it('fails with any bit flipped', async () => {
    for (let at = 0; at < bytes.length; at += 13)
      expect(await judge(flipped(bytes, at, at % 8)), `byte ${at}`).toBe(false)
    for (const at of [
      0,
      1,
      2,
      3,
      4,
      225,
      bytes.length - 731,
      bytes.length - 730,
      bytes.length - 64,
      bytes.length - 1,
    ]) {
      expect(await judge(flipped(bytes, at, 0)), `byte ${at}`).toBe(false)
    }
  })

  it('fails for a part of the signature from another envelope, a missing part, and another purpose', async () => {
    const other = await alice.send(bob, 'another')
    const signatureAt = bytes.length - signatureBytes
    const withPart = (from: number, to: number) => {
      const mixed = bytes.slice()
      mixed.set(
        other.subarray(other.length - signatureBytes + from, other.length - signatureBytes + to),
        signatureAt + from,
      )
      return mixed
    }
    expect(await judge(withPart(0, 666))).toBe(false)
    expect(await judge(withPart(666, 730))).toBe(false)
    expect(await judge(bytes.subarray(0, -64))).toBe(false)
    const unsigned = bytes.subarray(0, signatureAt)
    const forAnother = bytes.slice()
    forAnother.set(await wrapSign(alice.algorithms, alice.local, 'prekey', 1, unsigned), signatureAt)
    expect(await judge(forAnother)).toBe(false)
  })

  it('fails for a managed flag or suite that is not in the record of the sender', () => {
    const envelope = parseEnvelope(bytes)
    expect(agreesWithRecord(envelope, { managed: true, suite: 1 })).toBe(false)
    expect(agreesWithRecord(envelope, { managed: false, suite: 2 })).toBe(false)
  })

  it('copies nothing: all parts are views on the bytes that came', () => {
    const envelope = parseEnvelope(bytes)
    for (const part of [
      envelope.sealed,
      envelope.signature,
      envelope.blocks,
      envelope.header.dh,
      envelope.prekey?.ciphertext,
    ]) {
      expect(part?.buffer).toBe(bytes.buffer)
    }
  })

  it('gives false for an identity key that is none, and never throws for one', async () => {
    const envelope = parseEnvelope(bytes)
    const offCurve = alice.record.identityKey.slice()
    offCurve[961] = (offCurve[961] as number) ^ 1
    for (const key of [offCurve, new Uint8Array(962), new Uint8Array(961), new Uint8Array(0)]) {
      expect(await verifyEnvelope(alice.algorithms, envelope, key)).toBe(false)
    }
  })
})

describe('an envelope whose sender has signed other bytes than it sealed', () => {
  // The sender's own signature over the changed bytes: hollow here, since only what stands behind it is asked.
  const signedAgain = async (from: Person, bytes: Uint8Array): Promise<Uint8Array> => {
    const unsigned = bytes.subarray(0, -signatureBytes)
    const signed = bytes.slice()
    signed.set(await wrapSign(from.algorithms, from.local, 'env', 1, unsigned), unsigned.length)
    return signed
  }
  const refusesEveryFlip = async (from: Person, to: Person, genuine: Uint8Array, step: number) => {
    const before = to.snapshot()
    for (let at = 0; at < genuine.length - signatureBytes; at += step) {
      const changed = await signedAgain(from, flipped(genuine, at, (at * 7) % 8))
      const refusal = await refusalOf(to.receive(from, changed))
      expect(['envelope_refused', 'malformed'], `byte ${at}`).toContain(refusal.code)
    }
    expect(to.store).toEqual(before)
    expect(await to.receive(from, genuine)).toBe('genuine')
  }

  it('is refused for any flipped bit, and changes nothing: with ek and ct', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    await refusesEveryFlip(alice, bob, await alice.send(bob, 'genuine', policies['every turn']), 1)
  }, 120_000)

  it('is refused for any flipped bit, and changes nothing: with a prekey block', async () => {
    const { alice, bob } = await startedPair(fastAlgorithms)
    await refusesEveryFlip(alice, bob, await alice.send(bob, 'genuine'), 3)
  }, 120_000)

  it('says the same for every cause; why is for the own side alone', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const genuine = await alice.send(bob, 'genuine')
    const carol = await Person.create(fastAlgorithms('carol'), 3)
    const refusals = [
      await refusalOf(bob.receive(alice, flipped(genuine, genuine.length - 1, 0))),
      await refusalOf(bob.receive(alice, await signedAgain(alice, flipped(genuine, 190, 0)))),
      await refusalOf(
        bob.receive(alice, await signedAgain(alice, flipped(genuine, genuine.length - signatureBytes - 1, 0))),
      ),
      await refusalOf(bob.receive(alice, await signedAgain(alice, flipped(genuine, 5, 0)))),
      await refusalOf(carol.receive(alice, genuine)),
      await refusalOf(bob.receive(carol, genuine)),
    ]
    expect(new Set(refusals.map(({ code, message }) => `${code}: ${message}`))).toEqual(
      new Set(['envelope_refused: The envelope was refused.']),
    )
    expect(refusals.map(({ reason }) => reason)).toEqual([
      'signature',
      'commitment',
      'tag',
      'unknown_session',
      'unknown_session',
      'unknown_session',
    ])
  })
})

describe('what an envelope carries', () => {
  it('is ignored, but its key is used up, where its kind is unknown or the plaintext malformed', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const { aesGcmSeal } = alice.algorithms.classical
    const sealing = (change: (plaintext: Uint8Array) => Uint8Array) => ({
      ...alice.algorithms,
      classical: {
        ...alice.algorithms.classical,
        aesGcmSeal: (...[key, nonce, aad, plaintext]: Parameters<typeof aesGcmSeal>) =>
          aesGcmSeal(key, nonce, aad, change(plaintext)),
      },
    })
    const changes = [
      (plaintext: Uint8Array) => plaintext.with(0, 9),
      (plaintext: Uint8Array) => plaintext.with(0, kinds.controlJson),
      (plaintext: Uint8Array) => plaintext.with(0, kinds.empty),
      () => new Uint8Array(256),
    ]
    for (const change of changes) {
      const honest = alice.algorithms
      Object.assign(alice, { algorithms: sealing(change) })
      const bytes = await alice.send(bob, 'text')
      Object.assign(alice, { algorithms: honest })
      expect((await bob.open(alice, bytes)).content).toBeNull()
      expect(await bob.receive(alice, bytes)).toBeNull()
      expect((await refusalOf(bob.receive(alice, bytes))).reason).toBe('key_gone')
    }
    expect(await bob.receive(alice, await alice.send(bob, 'goes on'))).toBe('goes on')
  })

  it('stands in its type: kinds 0 and 2 in control envelopes, the others in messages', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    for (const wrong of [
      message(3, kinds.controlJson),
      message(0, kinds.empty),
      { ...message(3), type: 2 as const },
      message(3, 6),
    ]) {
      await expect(alice.seal(bob, wrong)).rejects.toMatchObject({ code: 'usage' })
    }
    await expect(alice.seal(bob, { ...message(3), msgId: new Uint8Array(15) })).rejects.toThrow(
      'msgId must be 16 bytes',
    )
  })

  it('comes from a managed device only with its flag', async () => {
    const alice = await Person.create(fastAlgorithms('m/a'), 1, 1, true)
    const bob = await Person.create(fastAlgorithms('m/b'), 2)
    await alice.start(bob, await bob.bundle())
    const bytes = await alice.send(bob, 'managed')
    expect(bytes[4]).toBe(8 | 4)
    const hidden = await signedAgainWithout(alice, bytes)
    expect((await refusalOf(bob.receive(alice, hidden))).reason).toBe('identity')
    expect(await bob.receive(alice, bytes)).toBe('managed')
  })
})

const signedAgainWithout = async (from: Person, bytes: Uint8Array): Promise<Uint8Array> => {
  const changed = bytes.with(4, 8)
  const unsigned = changed.subarray(0, -signatureBytes)
  changed.set(await wrapSign(from.algorithms, from.local, 'env', 1, unsigned), unsigned.length)
  return changed
}
