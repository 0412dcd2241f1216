import { randomInt } from 'node:crypto'
import { decodeBase64, encodeBase64 } from '@qsm/contract'
import {
  type Algorithms,
  answerRequest,
  type Content,
  canSend,
  completeRequest,
  type DeviceRecord,
  decodeBundle,
  decodeDeviceRecord,
  encodeBundle,
  encodeOwnCopy,
  envelopeTypes,
  kinds,
  type LocalDevice,
  makeDeviceRecord,
  makePrekey,
  makeRequest,
  maxContentBytes,
  newPeer,
  openFrom,
  type PeerState,
  type PrekeyKind,
  type PrekeySecrets,
  parseEnvelope,
  type RequestSecrets,
  sealBodyApart,
  sealTo,
  startSession,
  textOf,
  unpackContent,
} from '@qsm/protocol'
import { idFromBytes, idToBytes, newId } from '@qsm/server-kit'
import type { Delivery, Party, Send } from './post-office.js'

/** What an end-to-end device has opened. */
export interface Heard {
  readonly messageId: string
  readonly type: number
  readonly kind: number
  readonly text: string | null
  readonly content: Uint8Array
  readonly toUserId: string | null
  readonly from: string
}

const dayMs = 86_400_000
const keyOf = (record: Pick<DeviceRecord, 'user' | 'device'>) => `${idFromBytes(record.user)}/${record.device}`

/** A device as an end-to-end client plays it: the code of @qsm/protocol and maps for a store, nothing of the service. */
export class EndToEnd implements Party {
  readonly userId: string
  readonly deviceId: number
  readonly local: LocalDevice
  readonly record: DeviceRecord
  readonly mail: Delivery[] = []
  readonly #algorithms: Algorithms
  readonly #peers = new Map<string, PeerState>()
  readonly #prekeys = new Map<number, PrekeySecrets>()
  readonly #requests = new Map<string, RequestSecrets>()
  #nextPrekey = 1

  private constructor(algorithms: Algorithms, userId: string, local: LocalDevice, record: DeviceRecord) {
    this.#algorithms = algorithms
    this.userId = userId
    this.deviceId = local.device
    this.local = local
    this.record = record
  }

  static async create(
    algorithms: Algorithms,
    userId: string = newId(),
    given: Partial<LocalDevice> = {},
  ): Promise<EndToEnd> {
    const local: LocalDevice = {
      user: idToBytes(userId),
      device: randomInt(1, 0x1_0000_0000),
      suite: 1,
      suites: [1],
      managed: false,
      falcon: await algorithms.signer.generateKeyPair(),
      ecdsa: await algorithms.classical.generateP256(),
      ...given,
    }
    const record = await makeDeviceRecord(algorithms, local, { createdAt: algorithms.now(), expiresAt: 0 })
    return new EndToEnd(algorithms, userId, local, record)
  }

  recordText(): string {
    return encodeBase64(this.record.bytes)
  }

  /** A bundle with a fresh prekey. */
  async bundle(kind: PrekeyKind = 1): Promise<string> {
    const id = this.#nextPrekey
    this.#nextPrekey += 1
    const notAfter = this.#algorithms.now() + 20 * dayMs
    const { prekey, secrets } = await makePrekey(this.#algorithms, this.local, { id, kind, notAfter })
    this.#prekeys.set(id, secrets)
    return encodeBase64(encodeBundle(this.record.bytes, prekey.bytes))
  }

  canSendTo(party: Party): boolean {
    const peer = this.#peers.get(`${party.userId}/${party.deviceId}`)
    return peer !== undefined && canSend(peer)
  }

  async start(party: Party, bundle: string): Promise<void> {
    const key = `${party.userId}/${party.deviceId}`
    const next = await startSession(this.#algorithms, this.local, this.record, {
      peer: this.#peers.get(key) ?? null,
      user: idToBytes(party.userId),
      device: party.deviceId,
      bundle: decodeBundle(decodeBase64(bundle)),
    })
    this.#peers.set(key, next)
  }

  async request(toUserId: string, requestId: string = newId()): Promise<string> {
    const secrets = await makeRequest(this.#algorithms, this.local, this.record, {
      requestId: idToBytes(requestId),
      toUser: idToBytes(toUserId),
    })
    this.#requests.set(requestId, secrets)
    return encodeBase64(secrets.bytes)
  }

  async answer(request: string): Promise<string> {
    const bytes = decodeBase64(request)
    const { peer, response } = await answerRequest(this.#algorithms, this.local, this.record, null, bytes)
    this.#peers.set(keyOf(peer.record), peer)
    return encodeBase64(response)
  }

  async complete(response: string): Promise<void> {
    const [secrets] = this.#requests.values()
    if (!secrets) throw new Error('there is no request')
    const { peer } = await completeRequest(this.#algorithms, secrets, null, decodeBase64(response))
    this.#peers.set(keyOf(peer.record), peer)
    this.#requests.clear()
  }

  /** Seals as a client does: for all devices of the receiver, and own copies for own ones. */
  async seal(toUserId: string, targets: readonly Party[], inner: Content, messageId = newId()): Promise<Send> {
    const isMessage = inner.kind !== kinds.empty && inner.kind !== kinds.controlJson
    const type = isMessage ? envelopeTypes.message : envelopeTypes.control
    const msgId = idToBytes(messageId)
    const isApart = isMessage && (targets.length > 1 || inner.content.length > maxContentBytes)
    const apart = isApart ? await sealBodyApart(this.#algorithms, msgId, inner) : null
    const content = apart?.content ?? inner
    const copy = isMessage ? encodeOwnCopy(idToBytes(toUserId), content) : content
    const envelopes: string[] = []
    for (const target of targets) {
      const key = `${target.userId}/${target.deviceId}`
      const peer = this.#peers.get(key)
      if (!peer) throw new Error('no session')
      const forThis = target.userId === this.userId ? copy : content
      const sealed = await sealTo(this.#algorithms, this.local, peer, { type, msgId, content: forThis })
      this.#peers.set(key, sealed.peer)
      envelopes.push(encodeBase64(sealed.envelope))
    }
    return { message_id: messageId, envelopes, body: apart ? encodeBase64(apart.body) : null, note: null }
  }

  text(to: Party, text: string, messageId?: string): Promise<Send> {
    const content = { kind: kinds.text, content: new TextEncoder().encode(text) }
    return this.seal(to.userId, [to], content, messageId)
  }

  deliver(delivery: Delivery): void {
    this.mail.push(delivery)
  }

  /** Opens all that waits, in order. Throws for what does not open. */
  async listen(): Promise<readonly Heard[]> {
    const heard: Heard[] = []
    for (const { envelope, body } of this.mail.splice(0)) heard.push(await this.open(envelope, body))
    return heard
  }

  async open(envelopeText: string, body: string | null = null): Promise<Heard> {
    const envelope = parseEnvelope(decodeBase64(envelopeText))
    const { header } = envelope
    const key = `${idFromBytes(header.senderUser)}/${header.senderDevice}`
    const prekey = envelope.prekey ? (this.#prekeys.get(envelope.prekey.prekeyId) ?? null) : null
    const known =
      this.#peers.get(key) ?? (envelope.prekey ? newPeer(decodeDeviceRecord(envelope.prekey.record.bytes)) : null)
    const received = await openFrom(this.#algorithms, this.local, { peer: known, prekey }, envelope)
    this.#peers.set(key, received.peer)
    if (received.usedPrekey && !received.usedPrekey.kept) this.#prekeys.delete(received.usedPrekey.id)
    else if (received.usedPrekey?.kept) this.#prekeys.set(received.usedPrekey.id, received.usedPrekey.kept)
    const unpacked = await unpackContent(
      this.#algorithms,
      this.local,
      envelope,
      received.content,
      body === null ? null : decodeBase64(body),
    )
    const content = unpacked?.content ?? { kind: -1, content: new Uint8Array(0) }
    return {
      messageId: idFromBytes(header.msgId),
      type: header.type,
      kind: content.kind,
      text: textOf(content),
      content: content.content,
      toUserId: unpacked?.toUser ? idFromBytes(unpacked.toUser) : null,
      from: key,
    }
  }
}
