import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { PeerState, ProtocolReason, Purpose, Session } from '../src/index.js'
import {
  acceptDeviceRecord,
  acceptPrekey,
  answerPrekey,
  beginByPrekey,
  checkKemKey,
  checkP256Point,
  confirmation,
  decodeBundle,
  decodeDeviceRecord,
  decodePrekey,
  decodeRequest,
  decodeResponse,
  decrypt,
  defaultPolicy,
  encodePeer,
  encrypt,
  identityKeyOf,
  modeAKeys,
  modeBKeys,
  openBodyApart,
  openFrom,
  padContent,
  parseEnvelope,
  partyOf,
  respond,
  safetyNumber,
  sealBodyApart,
  signatureBytes,
  stepChain,
  takeResponse,
  toBeSigned,
  unpadContent,
  verifyEnvelope,
  wrapVerify,
} from '../src/index.js'
import { fedAlgorithms, hex, toHex } from './support/fed-algorithms.js'
import { type ConversationStep, loadVectors, localDevice } from './support/vectors.js'

const vectors = loadVectors()
const devices = { alice: localDevice(vectors.identities.alice), bob: localDevice(vectors.identities.bob) }
const records = {
  alice: decodeDeviceRecord(hex(vectors.identities.alice.deviceRecord)),
  bob: decodeDeviceRecord(hex(vectors.identities.bob.deviceRecord)),
}
let clock = vectors.now
const { algorithms, feed } = await fedAlgorithms(() => clock)
/** Why each of the refused envelopes is; the vectors say only that. */
const causes: Readonly<Record<string, ProtocolReason>> = {
  'epoch changed, signed again by the sender': 'out_of_turn',
  'pn one more changed, signed again by the sender': 'tag',
  'n changed, signed again by the sender': 'commitment',
  'ekAck changed, signed again by the sender': 'tag',
  'salt changed, signed again by the sender': 'commitment',
  'commitment changed, signed again by the sender': 'commitment',
  'ek changed, signed again by the sender': 'tag',
  'ct changed, signed again by the sender': 'commitment',
  'ciphertext changed, signed again by the sender': 'tag',
  'tag changed, signed again by the sender': 'tag',
  'sid changed, signed again by the sender': 'unknown_session',
  'recipient device changed, signed again by the sender': 'address',
  'sender user changed, signed again by the sender': 'address',
  'reserved flag changed, signed again by the sender': 'form',
  'managed flag changed, signed again by the sender': 'identity',
  'type 3 changed, signed again by the sender': 'form',
  'version changed, signed again by the sender': 'form',
}

/** The vectors take a KEM step at the turns where they give an encapsulation. */
const policyOf = (step: ConversationStep) => ({
  ...defaultPolicy,
  kemAfterEnvelopes: step.rng.some(draw => draw.label === 'encaps') ? 0 : 1_000,
})

const prekeySecrets = () => {
  const prekey = decodePrekey(hex(vectors.records.prekey.record))
  const { prekeyP256, prekeyKem } = vectors.handshakeA
  return {
    id: prekey.id,
    kind: prekey.kind,
    usedSids: [],
    notAfter: prekey.notAfter,
    body: prekey.bytes.slice(0, prekey.bytes.length - signatureBytes),
    p256: { publicKey: hex(prekeyP256.pk), secretKey: hex(prekeyP256.sk) },
    kem: { publicKey: hex(prekeyKem.ek), secretKey: hex(prekeyKem.dk) },
  }
}

const requestSecrets = () => {
  const { EK_A, ek_A } = vectors.handshakeB
  return {
    bytes: hex(vectors.records.request),
    p256: { publicKey: hex(EK_A.pk), secretKey: hex(EK_A.sk) },
    kem: { publicKey: hex(ek_A.ek), secretKey: hex(ek_A.dk) },
  }
}

const beginA = async (): Promise<Record<'alice' | 'bob', Session>> => {
  feed.clear()
  clock = vectors.now
  const { EK_F, ek_F, encapsM } = vectors.handshakeA
  feed.push({ label: 'dh', hex: EK_F.sk }, { label: 'ek', hex: ek_F.seed }, { label: 'encaps', hex: encapsM })
  const bundle = decodeBundle(hex(vectors.records.bundle))
  const alice = await beginByPrekey(algorithms, devices.alice, records.alice, bundle, {
    user: records.bob.user,
    device: records.bob.device,
  })
  const first = parseEnvelope(
    hex((vectors.conversationA[0]?.unsigned ?? '') + (vectors.conversationA[0]?.signature ?? '')),
  )
  if (!first.prekey) throw new Error('the first envelope has no prekey block')
  return { alice, bob: await answerPrekey(algorithms, devices.bob, prekeySecrets(), first.prekey, first.header.dh) }
}

const beginB = async (): Promise<Record<'alice' | 'bob', Session>> => {
  feed.clear()
  clock = decodeResponse(hex(vectors.records.response)).createdAt
  const { EK_B, ek_B, encapsM, responseNonce } = vectors.handshakeB
  feed.push(
    { label: 'dh', hex: EK_B.sk },
    { label: 'ek', hex: ek_B.seed },
    { label: 'encaps', hex: encapsM },
    { label: 'nonce', hex: responseNonce },
  )
  const answered = await respond(algorithms, devices.bob, records.bob, hex(vectors.records.request))
  const given = hex(vectors.records.response)
  expect(toHex(answered.response.slice(0, -signatureBytes))).toBe(toHex(given.slice(0, -signatureBytes)))
  const { session } = await takeResponse(algorithms, requestSecrets(), given)
  return { alice: session, bob: answered.session }
}

const play = async (sessions: Record<'alice' | 'bob', Session>, steps: readonly ConversationStep[]) => {
  for (const step of steps) {
    clock = step.header.sentAt
    feed.push(...step.rng)
    const sent = await encrypt(
      algorithms,
      devices[step.from],
      records[step.to],
      sessions[step.from],
      {
        type: step.header.type as 1 | 2,
        msgId: hex(step.header.msgId),
        content: { kind: step.kind, content: hex(step.content) },
      },
      policyOf(step),
    )
    expect(toHex(sent.envelope.slice(0, -signatureBytes))).toBe(step.unsigned)
    expect(feed.left).toBe(0)
    sessions[step.from] = sent.session
    const envelope = parseEnvelope(hex(step.unsigned + step.signature))
    expect(await verifyEnvelope(algorithms, envelope, records[step.from].identityKey)).toBe(true)
    const opened = await decrypt(algorithms, devices[step.to], records[step.from], sessions[step.to], envelope)
    expect(opened.content).toEqual({ kind: step.kind, content: hex(step.content) })
    sessions[step.to] = opened.session
  }
}

describe('QSM/1 vectors of an independent implementation', () => {
  it('reads and accepts the records', async () => {
    for (const name of ['alice', 'bob'] as const) {
      await acceptDeviceRecord(algorithms, records[name])
      expect(toHex(await algorithms.classical.sha256(identityKeyOf(devices[name])))).toBe(vectors.identities[name].fp)
    }
    const bundle = decodeBundle(hex(vectors.records.bundle))
    await acceptPrekey(algorithms, bundle.prekey, bundle.record)
    expect(toHex(bundle.prekey.bytes)).toBe(vectors.records.prekey.record)
    expect(decodeRequest(hex(vectors.records.request)).record.device).toBe(vectors.identities.alice.device)
  })

  it.each(vectors.wrapSign.cases.map(one => [one.name, one] as const))(
    'judges the signature case: %s',
    async (_, one) => {
      const { signer, suite, bytes, tbs } = vectors.wrapSign
      const identityKey = records[signer].identityKey
      const fp = await algorithms.classical.sha256(identityKey)
      expect(toHex(toBeSigned('env', suite, fp, hex(bytes)))).toBe(tbs)
      const verdict = await wrapVerify(
        algorithms,
        identityKey,
        one.purpose as Purpose,
        suite,
        hex(bytes),
        hex(one.signature),
      )
      expect(verdict).toBe(one.valid)
    },
  )

  it('derives the keys of mode A', async () => {
    const { ss, d, EK_F, ek_F, ct, TH, RK, CK_F, KC, sid } = vectors.handshakeA
    const secrets = prekeySecrets()
    const keys = await modeAKeys(algorithms, {
      suite: 1,
      initiator: partyOf(devices.alice),
      responder: partyOf(records.bob),
      prekeyBody: secrets.body,
      prekeyId: secrets.id,
      kind: secrets.kind,
      p256: hex(EK_F.pk),
      ciphertext: hex(ct),
      kem: hex(ek_F.ek),
      ss: hex(ss),
      d: hex(d),
    })
    expect([keys.transcriptHash, keys.rootKey, keys.chainKey, keys.confirmKey, keys.sid].map(toHex)).toEqual([
      TH,
      RK,
      CK_F,
      KC,
      sid,
    ])
  })

  it('derives the keys and the confirmation of mode B', async () => {
    const { ss, d, body2, TH, RK, CK_F, KC, sid, confirm } = vectors.handshakeB
    const request = decodeRequest(hex(vectors.records.request))
    const keys = await modeBKeys(algorithms, request, records.bob, hex(body2), { ss: hex(ss), d: hex(d) })
    expect([keys.transcriptHash, keys.rootKey, keys.chainKey, keys.confirmKey, keys.sid].map(toHex)).toEqual([
      TH,
      RK,
      CK_F,
      KC,
      sid,
    ])
    expect(toHex(await confirmation(algorithms.classical, keys.confirmKey, keys.transcriptHash))).toBe(confirm)
  })

  it('makes and opens the conversation of mode A byte for byte', async () => {
    await play(await beginA(), vectors.conversationA)
  })

  it('makes and opens the conversation of mode B byte for byte', async () => {
    await play(await beginB(), vectors.conversationB)
  })

  it('names a cause for every refused envelope', () => {
    expect(Object.keys(causes)).toEqual(vectors.refusedEnvelopes.cases.map(({ name }) => name))
  })

  it.each(vectors.refusedEnvelopes.cases.map(one => [one.name, one] as const))(
    'refuses the envelope: %s',
    async (name, one) => {
      const sessions = await beginA()
      await play(sessions, vectors.conversationA.slice(0, one.of))
      const step = vectors.conversationA[one.of]
      if (!step) throw new Error('the case names a step that is not there')
      const entries = [{ session: sessions[step.to], begunAt: clock, lastOpenedAt: 0, archivedAt: 0 }]
      const peer: PeerState = { generation: 1, record: records[step.from], entries, answered: [] }
      const before = encodePeer(peer)
      const open = async (bytes: Uint8Array) =>
        openFrom(algorithms, devices[step.to], { peer, prekey: null }, parseEnvelope(bytes))
      const bytes = hex(step.unsigned + one.signature)
      for (const [offset, value] of one.set) bytes[offset] = value
      await expect(open(bytes)).rejects.toMatchObject({ reason: causes[name] })
      expect(encodePeer(peer)).toEqual(before)
      const { content } = await open(hex(step.unsigned + step.signature))
      expect(toHex(content?.content ?? new Uint8Array())).toBe(step.content)
    },
  )

  it('steps chains, pads, seals bodies apart and gives safety numbers', async () => {
    for (const { CK, mk, nextCK } of vectors.chain) {
      const step = await stepChain(algorithms.classical, hex(CK))
      expect([toHex(step.messageKey), toHex(step.next)]).toEqual([mk, nextCK])
    }
    for (const one of vectors.padding) {
      const content = { kind: one.kind, content: new Uint8Array(one.contentLength).fill(Number.parseInt(one.fill, 16)) }
      const padded = padContent(content)
      expect(padded.length).toBe(one.plaintextLength)
      expect(createHash('sha256').update(padded).digest('hex')).toBe(one.plaintextSha256)
      expect(unpadContent(padded)).toEqual(content)
    }
    const apart = vectors.bodyApart
    feed.clear()
    feed.push({ label: 'key', hex: apart.key })
    const sealed = await sealBodyApart(algorithms, hex(apart.msgId), { kind: apart.kind, content: hex(apart.content) })
    expect([toHex(sealed.body), toHex(sealed.content.content)]).toEqual([apart.body, apart.kind4Content])
    const opened = await openBodyApart(algorithms, hex(apart.msgId), hex(apart.kind4Content), hex(apart.body))
    expect(toHex(opened.content)).toBe(apart.content)
    const party = (one: { user: string; fps: readonly string[] }) => ({
      user: hex(one.user),
      fingerprints: one.fps.map(hex),
    })
    const { alice, bob, digits } = vectors.safetyNumber
    expect(await safetyNumber(algorithms.classical, party(alice), party(bob))).toBe(digits)
    expect(await safetyNumber(algorithms.classical, party(bob), party(alice))).toBe(digits)
  })

  it.each(vectors.badKeys.p256.map(one => [one.name, one.point] as const))(
    'refuses the P-256 point: %s',
    (_, point) => {
      expect(() => checkP256Point(hex(point))).toThrow('P-256')
    },
  )

  it('refuses an ML-KEM key that is all zero or not reduced', () => {
    const good = hex(vectors.handshakeA.prekeyKem.ek)
    expect(() => checkKemKey(good)).not.toThrow()
    expect(() => checkKemKey(good.slice().fill(0, 0, 1152))).toThrow('all zero')
    // Twelve bits each: 3329 in the lower half of a pair, then 3328, then 3329 in the upper half.
    const key = good.slice()
    key.set([0x01, ((good[1] as number) & 0xf0) | 0x0d])
    expect(() => checkKemKey(key)).toThrow('not reduced')
    key[0] = 0x00
    expect(() => checkKemKey(key)).not.toThrow()
    key.set([((key[1] as number) & 0x0f) | 0x10, 0xd0], 1)
    expect(() => checkKemKey(key)).toThrow('not reduced')
  })
})
