import { decodeBase64 } from '@qsm/contract'
import {
  type Content,
  defaultPolicy,
  type Envelope,
  entryOfSid,
  isControlAdvised,
  newPeer,
  openFrom,
  type PeerState,
  parseEnvelope,
  wipePrekey,
} from '@qsm/protocol'
import { idFromBytes } from '@qsm/server-kit'
import { acceptListed } from '../listed-devices.js'
import { isWaitingFor } from '../own-requests.js'
import { type Address, addressKey } from '../parts.js'
import { keepPrekey, readPrekey } from '../stored-prekeys.js'
import type { MailboxEntry, Reading } from './reading.js'

/** An envelope that was verified and opened; the changes of session and prekey belong to the transaction. */
export interface OpenedEnvelope {
  readonly kind: 'opened'
  readonly envelope: Envelope
  readonly sender: Address
  readonly messageId: string
  readonly content: Content | null
}

/** It may belong to a session that the answer to an own request begins. */
interface Waits {
  readonly kind: 'waits'
}

interface Unknown {
  readonly kind: 'unknown'
  readonly reason: 'unknown_sender' | 'unknown_session'
}

/** What is known of the sender, else what the message service lists; null for a device that nobody knows. */
const senderState = async ({ scope, listed }: Reading, sender: Address): Promise<PeerState | null> => {
  const known = await scope.peers.get(sender)
  if (known) return known
  const device = listed.get(addressKey(sender))
  return device ? newPeer(await acceptListed(scope, device)) : null
}

const openWith = async (reading: Reading, before: PeerState, envelope: Envelope): Promise<Content | null> => {
  const { scope } = reading
  const prekey = envelope.prekey ? await readPrekey(scope, envelope.prekey.prekeyId) : null
  try {
    const received = await openFrom(scope.algorithms, scope.local, { peer: before, prekey }, envelope)
    if (received.usedPrekey) {
      await keepPrekey(scope, received.usedPrekey)
      if (!received.usedPrekey.kept) reading.usedPrekeys += 1
    }
    scope.peers.put(received.peer)
    if (isControlAdvised(received.peer, defaultPolicy, scope.now)) {
      reading.controlDue.add(idFromBytes(received.peer.record.user))
    }
    return received.content
  } finally {
    if (prekey) wipePrekey(prekey)
  }
}

/**
 * Judges and opens the envelope of an entry. Throws the protocol's `ProtocolError` for what does not belong here; nothing is
 * changed then.
 */
export const openEnvelope = async (
  reading: Reading,
  entry: MailboxEntry,
): Promise<OpenedEnvelope | Waits | Unknown> => {
  const { scope } = reading
  const envelope = parseEnvelope(decodeBase64(entry.envelope))
  const { header } = envelope
  const sender = { userId: idFromBytes(header.senderUser), deviceId: header.senderDevice }
  const before = await senderState(reading, sender)
  const isOfNoSession = !envelope.prekey && !(before && entryOfSid(before.entries, header.sid))
  if (isOfNoSession && !reading.isLastTry && (await isWaitingFor(scope, sender.userId))) return { kind: 'waits' }
  if (!before) return { kind: 'unknown', reason: 'unknown_sender' }
  if (isOfNoSession) return { kind: 'unknown', reason: 'unknown_session' }
  const content = await openWith(reading, before, envelope)
  return { kind: 'opened', envelope, sender, messageId: idFromBytes(header.msgId), content }
}
