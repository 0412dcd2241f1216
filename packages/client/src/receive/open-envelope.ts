import {
  type Algorithms,
  type Content,
  decodePrekeySecrets,
  defaultPolicy,
  type Envelope,
  encodePrekeySecrets,
  entryOfSid,
  isControlAdvised,
  openFrom,
  type PrekeySecrets,
  parseEnvelope,
  type Received,
  wipePrekey,
} from '@qsm/protocol'
import { readDevice } from '../device/own-device.js'
import { idFromBytes } from '../ids.js'
import type { Address } from '../peers/address.js'
import { deviceOf, type Peer, readPeer } from '../peers/peer.js'
import { putState, readState } from '../peers/peer-states.js'
import { keys } from '../store/keys.js'
import type { StoreTransaction } from '../store/store.js'

/** An envelope that was verified and opened; its session and prekey are changed within the transaction. */
export interface OpenedEnvelope {
  readonly kind: 'opened'
  readonly envelope: Envelope
  readonly sender: Address
  readonly peer: Peer
  /** Whether the sender's device was seen at first contact, or accepted since. */
  readonly isAccepted: boolean
  readonly content: Content | null
  /** The ratchet wants an answer, be it empty. */
  readonly isControlAdvised: boolean
  /** It began a session by one of the own prekeys, of which there is one less now. */
  readonly hasUsedPrekey: boolean
}

/** Something has to be fetched before it can be judged: the sender's devices, or the answer to an own request. */
export interface Wanting {
  readonly kind: 'unknown-sender' | 'unknown-session'
  readonly sender: Address
}

const readPrekey = async (transaction: StoreTransaction, envelope: Envelope): Promise<PrekeySecrets | null> => {
  const bytes = envelope.prekey ? await transaction.get(keys.prekey(envelope.prekey.prekeyId)) : null
  return bytes && decodePrekeySecrets(bytes)
}

/** A one-time prekey is erased with the first envelope that it opens; a last-resort one remembers what it has begun. */
const keepPrekey = (transaction: StoreTransaction, { usedPrekey }: Received): void => {
  if (!usedPrekey) return
  if (usedPrekey.kept) transaction.put(keys.prekey(usedPrekey.id), encodePrekeySecrets(usedPrekey.kept))
  else transaction.delete(keys.prekey(usedPrekey.id))
}

/**
 * Judges and opens one envelope within a transaction. Throws the protocol's `ProtocolError` for what does not belong here;
 * nothing is changed then.
 */
export const openEnvelope = async (
  transaction: StoreTransaction,
  algorithms: Algorithms,
  bytes: Uint8Array,
): Promise<OpenedEnvelope | Wanting> => {
  const local = await readDevice(transaction)
  const envelope = parseEnvelope(bytes)
  const { header } = envelope
  const sender = { userId: idFromBytes(header.senderUser), deviceId: header.senderDevice }
  const peer = await readPeer(transaction, sender.userId)
  const device = deviceOf(peer, sender.deviceId)
  const before = await readState(transaction, sender)
  if (!peer || !device || !before) return { kind: 'unknown-sender', sender }
  if (!envelope.prekey && !entryOfSid(before.entries, header.sid)) return { kind: 'unknown-session', sender }
  const prekey = await readPrekey(transaction, envelope)
  const received = await openFrom(algorithms, local, { peer: before, prekey }, envelope)
  keepPrekey(transaction, received)
  const advised = isControlAdvised(received.peer, defaultPolicy, algorithms.now())
  putState(transaction, sender, received.peer, before)
  if (prekey) wipePrekey(prekey)
  return {
    kind: 'opened',
    envelope,
    sender,
    peer,
    isAccepted: device.accepted && device.changedRecord === undefined,
    content: received.content,
    isControlAdvised: advised,
    hasUsedPrekey: received.usedPrekey !== null,
  }
}
