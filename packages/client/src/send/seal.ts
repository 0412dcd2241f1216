import {
  type Algorithms,
  type Content,
  canSend,
  type EnvelopeType,
  encodeOwnCopy,
  envelopeTypes,
  type LocalDevice,
  maxContentBytes,
  sealBodyApart,
  sealTo,
} from '@qsm/protocol'
import { readDevice } from '../device/own-device.js'
import { IdentityChangedError } from '../errors.js'
import { idFromBytes, idToBytes } from '../ids.js'
import type { Address } from '../peers/address.js'
import { activeDevices, type Peer, readPeer, unacceptedDevices } from '../peers/peer.js'
import { putState, readState } from '../peers/peer-states.js'
import type { StoreTransaction } from '../store/store.js'

/** What shall be sealed for every device of a user and the own other ones. */
export interface SealRequest {
  readonly peer: Peer
  readonly type: EnvelopeType
  readonly messageId: string
  readonly content: Content
}

export interface Sealed {
  readonly envelopes: readonly Uint8Array[]
  readonly body: Uint8Array | null
}

/** Some target has no session yet: begin one and seal again. Nothing was changed. */
export class SessionMissing extends Error {
  override readonly name = 'SessionMissing'
}

interface Target extends Address {
  readonly isOwn: boolean
}

const targetsAt = (user: Peer, isOwn: boolean): readonly Target[] => {
  const waiting = unacceptedDevices(user)
  if (waiting.length > 0) throw new IdentityChangedError(user.username, waiting, isOwn)
  return activeDevices(user).map(({ deviceId }) => ({ userId: user.userId, deviceId, isOwn }))
}

/** Every device of the receiver and the own other ones. Throws `identity_changed` where one waits to be accepted. */
const targetsOf = async (transaction: StoreTransaction, local: LocalDevice, peer: Peer): Promise<readonly Target[]> => {
  const ownId = idFromBytes(local.user)
  const own = await readPeer(transaction, ownId)
  const ofPeer = peer.userId === ownId ? [] : targetsAt(peer, false)
  const others = (own ? targetsAt(own, true) : []).filter(({ deviceId }) => deviceId !== local.device)
  const needed = peer.userId === ownId ? others : ofPeer
  if (needed.length === 0) throw new SessionMissing('no device')
  return [...ofPeer, ...others]
}

/**
 * Seals a content for all targets within a transaction, which keeps the advanced chains before anything leaves. Throws
 * `SessionMissing`, `identity_changed`.
 */
export const seal = async (
  transaction: StoreTransaction,
  algorithms: Algorithms,
  request: SealRequest,
): Promise<Sealed> => {
  const local = await readDevice(transaction)
  const targets = await targetsOf(transaction, local, request.peer)
  const { type } = request
  const isMessage = type === envelopeTypes.message
  const msgId = idToBytes(request.messageId)
  // Once for several targets; and what does not fit an envelope, for one.
  const isApart = isMessage && (targets.length > 1 || request.content.content.length > maxContentBytes)
  const apart = isApart ? await sealBodyApart(algorithms, msgId, request.content) : null
  const content = apart?.content ?? request.content
  const copy = isMessage ? encodeOwnCopy(idToBytes(request.peer.userId), content) : content
  const envelopes: Uint8Array[] = []
  for (const target of targets) {
    const before = await readState(transaction, target)
    if (!before || !canSend(before)) throw new SessionMissing('no session')
    const sealed = await sealTo(algorithms, local, before, { type, msgId, content: target.isOwn ? copy : content })
    putState(transaction, target, sealed.peer, before)
    envelopes.push(sealed.envelope)
  }
  return { envelopes, body: apart?.body ?? null }
}
