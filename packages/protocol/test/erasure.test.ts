import { describe, expect, it } from 'vitest'
import {
  answerPrekey,
  beginByPrekey,
  decodePrekeySecrets,
  decodeRequestSecrets,
  decrypt,
  encrypt,
  type Opened,
  openBodyApart,
  type PeerState,
  parseEnvelope,
  respond,
  type Session,
  sealBodyApart,
  secretsOf,
  sendingEntry,
  signatureBytes,
  takeResponse,
  wipePeer,
  wipePrekey,
  wipeReplaced,
  wipeRequest,
  wrapSign,
} from '../src/index.js'
import { policies } from './support/exchange.js'
import { fastAlgorithms } from './support/fast-algorithms.js'
import { Person, startedPair, talkingPair, textMessage } from './support/person.js'
import { isReachable, trackSecrets } from './support/secret-tracker.js'

const policy = policies['every turn']
const isZero = (bytes: Uint8Array): boolean => bytes.every(byte => byte === 0)

/** Secrets that were given out and are neither overwritten nor held by one of these sessions. */
const leftovers = (secrets: ReturnType<typeof trackSecrets>['secrets'], ...sessions: readonly Session[]): string[] => {
  const held = new Set(sessions.flatMap(session => secretsOf(session)))
  return secrets.filter(({ array }) => !held.has(array) && !isZero(array)).map(({ what }) => what)
}
const sessionOf = (peer: PeerState): Session => sendingEntry(peer.entries)?.session as Session
const msgId = new Uint8Array(16).fill(9)

describe('secrets that a step has made and does not keep are overwritten', () => {
  it('in both handshakes, on both sides', async () => {
    const { algorithms, secrets } = trackSecrets(fastAlgorithms('handshakes'))
    const [alice, bob] = [await Person.create(fastAlgorithms('a'), 1), await Person.create(fastAlgorithms('b'), 2)]
    const expected = { user: bob.local.user, device: bob.local.device }
    const begun = await beginByPrekey(algorithms, alice.local, alice.record, await bob.bundle(), expected)
    expect(leftovers(secrets, begun)).toEqual([])
    secrets.length = 0

    await alice.start(bob, await bob.bundle())
    const first = parseEnvelope(await alice.send(bob, 'hello'))
    if (!first.prekey) throw new Error('there is no prekey block')
    const prekey = decodePrekeySecrets(bob.store.get(`prekey/${first.prekey.prekeyId}`) as Uint8Array)
    const answered = await answerPrekey(algorithms, bob.local, prekey, first.prekey, first.header.dh)
    expect(leftovers(secrets, answered)).toEqual([])
    secrets.length = 0

    const request = await alice.request(bob)
    const responded = await respond(algorithms, bob.local, bob.record, request)
    // `confirm` is an HMAC that is sent.
    expect(leftovers(secrets, responded.session)).toEqual(['HMAC'])
    secrets.length = 0
    const own = decodeRequestSecrets(alice.store.get('request') as Uint8Array)
    const taken = await takeResponse(algorithms, own, responded.response)
    expect(leftovers(secrets, taken.session)).toEqual(['HMAC'])
  })

  it('in a handshake that fails', async () => {
    const { algorithms, secrets } = trackSecrets(fastAlgorithms('failing'))
    const [alice, bob] = [await Person.create(fastAlgorithms('a'), 1), await Person.create(fastAlgorithms('b'), 2)]
    const { response } = await respond(bob.algorithms, bob.local, bob.record, await alice.request(bob))
    response[response.length - signatureBytes - 1] = (response[response.length - signatureBytes - 1] as number) ^ 1
    const unsigned = response.subarray(0, -signatureBytes)
    response.set(await wrapSign(bob.algorithms, bob.local, 'response', 1, unsigned), unsigned.length)
    const own = decodeRequestSecrets(alice.store.get('request') as Uint8Array)
    await expect(takeResponse(algorithms, own, response)).rejects.toMatchObject({ reason: 'confirmation' })
    expect(secrets.length).toBeGreaterThan(5)
    // The confirmation that was wanted is compared and dropped; it is no key.
    expect(leftovers(secrets)).toEqual(['HMAC'])
  })

  it('in every turn, sending and opening of a long exchange', async () => {
    const { algorithms, secrets } = trackSecrets(fastAlgorithms('exchange'))
    const { alice, bob } = await talkingPair(fastAlgorithms)
    let a = sessionOf(alice.known(bob))
    let b = sessionOf(bob.known(alice))
    const step = (next: { session: Session }, old: Session): Session => {
      wipeReplaced(old, next.session)
      return next.session
    }
    for (let turn = 0; turn < 6; turn += 1) {
      const envelopes: Uint8Array[] = []
      for (let n = 0; n < 3; n += 1) {
        const sent = await encrypt(algorithms, alice.local, bob.record, a, textMessage(`${n}`, msgId), policy)
        a = step(sent, a)
        envelopes.push(sent.envelope)
      }
      expect(leftovers(secrets, a, b)).toEqual([])
      // The last one first: two keys are skipped, then used.
      for (const bytes of envelopes.reverse()) {
        b = step(await decrypt(algorithms, bob.local, alice.record, b, parseEnvelope(bytes)), b)
        expect(leftovers(secrets, a, b)).toEqual([])
      }
      const sent = await encrypt(algorithms, bob.local, alice.record, b, textMessage('back', msgId), policy)
      b = step(sent, b)
      a = step(await decrypt(algorithms, alice.local, bob.record, a, parseEnvelope(sent.envelope)), a)
      expect(leftovers(secrets, a, b)).toEqual([])
    }
    expect(secrets.filter(({ what }) => what === 'KEM secret').length).toBeGreaterThan(20)
  })

  it('in an opening that fails, which leaves the old session whole', async () => {
    const { algorithms, secrets } = trackSecrets(fastAlgorithms('opening'))
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const genuine = await alice.send(bob, 'hello', policy)
    const broken = genuine.with(genuine.length - signatureBytes - 1, 0)
    broken[190] = (broken[190] as number) ^ 1
    const b = sessionOf(bob.known(alice))
    const before = secretsOf(b).map(secret => secret.slice())
    await expect(decrypt(algorithms, bob.local, alice.record, b, parseEnvelope(broken))).rejects.toMatchObject({
      reason: 'commitment',
    })
    expect(secrets.length).toBeGreaterThan(3)
    expect(leftovers(secrets)).toEqual([])
    expect(secretsOf(b)).toEqual(before)
    expect((await decrypt(algorithms, bob.local, alice.record, b, parseEnvelope(genuine))).content?.kind).toBe(1)
  })

  it('in bodies apart', async () => {
    const { algorithms, secrets } = trackSecrets(fastAlgorithms('apart'))
    const { body, content } = await sealBodyApart(algorithms, msgId, {
      kind: 1,
      content: new Uint8Array(300).fill(0x61),
    })
    await openBodyApart(algorithms, msgId, content.content, body)
    expect(leftovers(secrets)).toEqual([])
  })
})

describe('after erasure the key bytes are not found in the object graph', () => {
  it('a message key, once its envelope was opened', async () => {
    const { algorithms, secrets } = trackSecrets(fastAlgorithms('message'))
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const envelopes = [await alice.send(bob, 'skipped'), await alice.send(bob, 'opened')].map(parseEnvelope)
    const b = sessionOf(bob.known(alice))
    const opened: Opened[] = [
      await decrypt(algorithms, bob.local, alice.record, b, envelopes[1] as (typeof envelopes)[0]),
    ]
    const skipped = (opened[0] as Opened).session.skipped[0]?.messageKey.slice() as Uint8Array
    expect(isReachable(opened, skipped)).toBe(true)
    opened.push(
      await decrypt(
        algorithms,
        bob.local,
        alice.record,
        (opened[0] as Opened).session,
        envelopes[0] as (typeof envelopes)[0],
      ),
    )
    wipeReplaced(b, (opened[0] as Opened).session)
    wipeReplaced((opened[0] as Opened).session, (opened[1] as Opened).session)
    const graph = {
      opened,
      b,
      envelopes,

      arrays: secrets.map(({ array }) => array),
    }
    const live = new Set(secretsOf((opened[1] as Opened).session).map(secret => Buffer.from(secret).toString('hex')))
    expect(isReachable(graph, skipped)).toBe(false)
    for (const { what, bytes } of secrets) {
      if (!live.has(Buffer.from(bytes).toString('hex'))) expect(isReachable(graph, bytes), what).toBe(false)
    }
  })

  it('root, chain and private keys, once a turn has replaced them', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const old = bob.known(alice)
    const gone = secretsOf(sessionOf(old)).map(secret => secret.slice())
    await bob.receive(alice, await alice.send(bob, 'one', policy))
    await alice.receive(bob, await bob.send(alice, 'two', policy))
    const now = bob.known(alice)
    wipePeer(old, now)
    expect(gone.length).toBeGreaterThanOrEqual(4)
    for (const secret of gone) expect(isReachable({ old, now, store: bob.store }, secret)).toBe(false)
  })

  it('a one-time prekey, once it has begun a session, and a request, once it was answered', async () => {
    const { alice, bob } = await startedPair(fastAlgorithms)
    const prekey = decodePrekeySecrets(bob.store.get('prekey/1') as Uint8Array)
    const halves = [prekey.p256.secretKey.slice(), prekey.kem.secretKey.slice()]
    const received = await bob.open(alice, await alice.send(bob, 'one'))
    expect(received.usedPrekey).toEqual({ id: 1, kept: null })
    wipePrekey(prekey)
    bob.store.delete('prekey/1')
    for (const half of halves) expect(isReachable({ received, prekey, store: bob.store, bob }, half)).toBe(false)

    const request = await alice.request(bob)
    const own = decodeRequestSecrets(alice.store.get('request') as Uint8Array)
    const ephemeral = [own.p256.secretKey.slice(), own.kem.secretKey.slice()]
    await alice.complete(bob, await bob.answer(alice, request))
    wipeRequest(own)
    for (const secret of ephemeral) expect(isReachable({ own, alice }, secret)).toBe(false)
  })

  it('all of a session, once it was ended', async () => {
    const { alice, bob } = await talkingPair(fastAlgorithms)
    const peer = alice.known(bob)
    const all = secretsOf(sessionOf(peer)).map(secret => secret.slice())
    wipePeer(peer, null)
    for (const secret of all) expect(isReachable(peer, secret)).toBe(false)
  })
})
