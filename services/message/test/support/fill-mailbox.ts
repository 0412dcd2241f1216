import { randomFillSync } from 'node:crypto'
import { parseEnvelope } from '@qsm/protocol'
import { newId } from '@qsm/server-kit'
import { createSendStore } from '../../src/send/store-sends.js'
import type { Party, SendBody } from './conversation.js'
import type { TestMessage } from './start-message.js'

/**
 * Stores messages as a send does after its checks, which cost most of the time: `sealed` gives the form, each has the next
 * number of a session or, where stated, one that was used. Resolves with the sequence.
 */
export const createFiller = ({ context, bus }: TestMessage, from: Party, to: Party, sealed: SendBody) => {
  const store = createSendStore(context.database, () => {})
  const envelope = parseEnvelope(new Uint8Array(Buffer.from(sealed.envelopes[0] ?? '', 'base64')))
  const sid = randomFillSync(new Uint8Array(16))
  let last = 0
  return async (options: { readonly body?: Uint8Array; readonly seq?: number } = {}): Promise<number> => {
    last += 1
    const { body = null, seq = last } = options
    const header = { ...envelope.header, sid, seq }
    const { userId } = to.person
    const { deviceId } = to.device
    const stored = await store({
      request: {
        sender: { userId: from.person.userId, deviceId: from.device.deviceId },
        messageId: newId(),
        envelopes: [envelope.bytes],
        body,
      },
      parcels: [{ bytes: envelope.bytes, address: header, userId, deviceId, envelope: { ...envelope, header } }],
      hash: Buffer.alloc(32),
      receivedAt: context.clock.now(),
    })
    bus.publish({ kind: 'mailbox', user_id: userId, device_id: deviceId })
    return stored[0]?.sequence ?? 0
  }
}
