import { decodeBase64, type SealedSend } from '@qsm/contract'
import { parseEnvelope } from '@qsm/protocol'
import { idFromBytes } from '@qsm/server-kit'

export type Send = SealedSend

/** One envelope on its way. */
export interface Delivery {
  readonly messageId: string
  readonly senderUserId: string
  readonly senderDeviceId: number
  readonly envelope: string
  readonly body: string | null
  readonly isNote: boolean
}

/** A device that takes part, whoever plays it. */
export interface Party {
  readonly userId: string
  readonly deviceId: number
  recordText(): string
  deliver(delivery: Delivery): void
}

/** Hands sends to the devices that they name, as the message service does; what is lost on the way is the test's to decide. */
export const createPostOffice = () => {
  const parties = new Map<string, Party>()
  return {
    join(...joining: readonly Party[]): void {
      for (const party of joining) parties.set(`${party.userId}/${party.deviceId}`, party)
    },
    post(from: Party, sends: readonly Send[]): void {
      for (const send of sends) {
        const of = { messageId: send.message_id, senderUserId: from.userId, senderDeviceId: from.deviceId }
        for (const envelope of send.envelopes) {
          const { recipientUser, recipientDevice } = parseEnvelope(decodeBase64(envelope)).header
          const target = parties.get(`${idFromBytes(recipientUser)}/${recipientDevice}`)
          if (!target) throw new Error('an envelope for a device that nobody has')
          target.deliver({ ...of, envelope, body: send.body, isNote: false })
        }
        if (send.note !== null) from.deliver({ ...of, envelope: send.note, body: null, isNote: true })
      }
    },
  }
}
