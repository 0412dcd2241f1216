import {
  type Algorithms,
  answerRequest,
  type Bundle,
  checkSuccession,
  completeRequest,
  type DeviceRecord,
  decodeBundle,
  decodePeer,
  decodePrekeySecrets,
  decodeRequestSecrets,
  encodeBundle,
  encodePeer,
  encodePrekeySecrets,
  encodeRequestSecrets,
  envelopeTypes,
  kinds,
  type LocalDevice,
  makeDeviceRecord,
  makePrekey,
  makeRequest,
  type Outgoing,
  openFrom,
  type PeerState,
  type PrekeyKind,
  parseEnvelope,
  type RatchetPolicy,
  type Received,
  sealTo,
  startSession,
  textOf,
} from '../../src/index.js'

const encoder = new TextEncoder()
const dayMs = 86_400_000

export const textMessage = (text: string, msgId: Uint8Array): Outgoing => ({
  type: envelopeTypes.message,
  msgId,
  content: { kind: kinds.text, content: encoder.encode(text) },
})

/** A person with one device and a store of bytes: every step reads its state from there and puts it back. */
export class Person {
  readonly algorithms: Algorithms
  readonly local: LocalDevice
  readonly record: DeviceRecord
  /** What a real client would have on its disk. */
  store = new Map<string, Uint8Array>()
  #nextPrekey = 1

  private constructor(algorithms: Algorithms, local: LocalDevice, record: DeviceRecord) {
    this.algorithms = algorithms
    this.local = local
    this.record = record
  }

  static async create(algorithms: Algorithms, user: number, device = user, managed = false): Promise<Person> {
    const local: LocalDevice = {
      user: new Uint8Array(16).fill(user),
      device,
      suite: 1,
      suites: [1],
      managed,
      falcon: await algorithms.signer.generateKeyPair(),
      ecdsa: await algorithms.classical.generateP256(),
    }
    const record = await makeDeviceRecord(algorithms, local, { createdAt: algorithms.now(), expiresAt: 0 })
    return new Person(algorithms, local, record)
  }

  /** A person with keys that are there already. */
  static of(algorithms: Algorithms, local: LocalDevice, record: DeviceRecord): Person {
    return new Person(algorithms, local, record)
  }

  /** A bundle with a fresh prekey, whose private halves are in the store. */
  async bundle(kind: PrekeyKind = 1, lifeMs = 20 * dayMs): Promise<Bundle> {
    const id = this.#nextPrekey
    this.#nextPrekey += 1
    const notAfter = this.algorithms.now() + lifeMs
    const { prekey, secrets } = await makePrekey(this.algorithms, this.local, { id, kind, notAfter })
    this.store.set(`prekey/${id}`, encodePrekeySecrets(secrets))
    return decodeBundle(encodeBundle(this.record.bytes, prekey.bytes))
  }

  #key(of: DeviceRecord): string {
    return `peer/${Buffer.from(of.user).toString('hex')}/${of.device}`
  }

  peer(other: Person): PeerState | null {
    const bytes = this.store.get(this.#key(other.record))
    return bytes ? decodePeer(bytes) : null
  }

  known(other: Person): PeerState {
    const peer = this.peer(other)
    if (!peer) throw new Error('nothing is stored of this peer')
    return peer
  }

  keep(other: Person, next: PeerState): void {
    checkSuccession(this.store.get(this.#key(other.record)) ?? null, next)
    this.store.set(this.#key(other.record), encodePeer(next))
  }

  async start(other: Person, bundle: Bundle): Promise<void> {
    const { user, device } = other.local
    this.keep(
      other,
      await startSession(this.algorithms, this.local, this.record, { peer: this.peer(other), user, device, bundle }),
    )
  }

  async request(other: Person): Promise<Uint8Array> {
    const requestId = this.algorithms.randomBytes(16)
    const secrets = await makeRequest(this.algorithms, this.local, this.record, { requestId, toUser: other.local.user })
    this.store.set('request', encodeRequestSecrets(secrets))
    return secrets.bytes
  }

  async answer(other: Person, request: Uint8Array): Promise<Uint8Array> {
    const { peer, response } = await answerRequest(this.algorithms, this.local, this.record, this.peer(other), request)
    this.keep(other, peer)
    return response
  }

  async complete(other: Person, response: Uint8Array): Promise<void> {
    const secrets = this.store.get('request')
    if (!secrets) throw new Error('there is no request')
    const { peer } = await completeRequest(this.algorithms, decodeRequestSecrets(secrets), this.peer(other), response)
    this.keep(other, peer)
    this.store.delete('request')
  }

  async seal(other: Person, outgoing: Outgoing, policy?: RatchetPolicy): Promise<Uint8Array> {
    const sealed = await sealTo(this.algorithms, this.local, this.known(other), outgoing, policy)
    this.keep(other, sealed.peer)
    return sealed.envelope
  }

  send(other: Person, text: string, policy?: RatchetPolicy): Promise<Uint8Array> {
    return this.seal(other, textMessage(text, this.algorithms.randomBytes(16)), policy)
  }

  async open(other: Person, bytes: Uint8Array): Promise<Received> {
    const envelope = parseEnvelope(bytes)
    const stored = envelope.prekey && this.store.get(`prekey/${envelope.prekey.prekeyId}`)
    const context = { peer: this.peer(other), prekey: stored ? decodePrekeySecrets(stored) : null }
    return openFrom(this.algorithms, this.local, context, envelope)
  }

  /** Opens an envelope and keeps what it changed. */
  async take(other: Person, bytes: Uint8Array): Promise<Received> {
    const received = await this.open(other, bytes)
    this.keep(other, received.peer)
    if (received.usedPrekey) {
      const { id, kept } = received.usedPrekey
      if (kept) this.store.set(`prekey/${id}`, encodePrekeySecrets(kept))
      else this.store.delete(`prekey/${id}`)
    }
    return received
  }

  /** Opens an envelope and keeps what it changed. Gives the text, or null where there is none. */
  async receive(other: Person, bytes: Uint8Array): Promise<string | null> {
    const { content } = await this.take(other, bytes)
    return content && textOf(content)
  }

  /** A copy of the store as it is now, for tests that put it back. */
  snapshot(): Map<string, Uint8Array> {
    return new Map(this.store)
  }
}

/** Two people with a session by a prekey, the first envelope under way. */
export const startedPair = async (
  make: (seed: string) => Algorithms,
  seed = 'pair',
): Promise<{ readonly alice: Person; readonly bob: Person }> => {
  const alice = await Person.create(make(`${seed}/alice`), 1)
  const bob = await Person.create(make(`${seed}/bob`), 2)
  await alice.start(bob, await bob.bundle())
  return { alice, bob }
}

/** Two people who have opened envelopes of each other. */
export const talkingPair = async (
  make: (seed: string) => Algorithms,
  seed = 'pair',
): Promise<{ readonly alice: Person; readonly bob: Person }> => {
  const { alice, bob } = await startedPair(make, seed)
  await bob.receive(alice, await alice.send(bob, 'hello'))
  await alice.receive(bob, await bob.send(alice, 'hello back'))
  return { alice, bob }
}
