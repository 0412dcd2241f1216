import { closeCodes } from '@qsm/contract'
import type { Socket } from '@qsm/server-kit'
import type { MailboxState } from '../mailbox/mailbox.js'
import type { DeliverySource } from '../socket/delivery-source.js'
import type { Thin } from './thin.js'
import type { ThinCaller } from './thin-caller.js'

/** A user without a managed device has an empty mailbox, until the device is made. */
export const emptyMailbox: MailboxState = { acked: 0, next: 1, epoch: 0 }

/**
 * Readable messages for the socket of a thin client, by the same way as its requests. The quantum service is asked only where
 * something new has come. A mailbox that counts anew, as of a device that was made again, sends the client back to the start.
 */
export const thinSource = (
  thin: Pick<Thin, 'mailbox' | 'read'>,
  caller: ThinCaller,
  socket: Pick<Socket, 'close'>,
  start: MailboxState,
): DeliverySource => {
  let { epoch } = start
  return {
    async page({ after, limit }) {
      const state = (await thin.mailbox(caller.userId)) ?? emptyMailbox
      if (epoch !== 0 && state.epoch !== epoch) socket.close(closeCodes.rebound)
      epoch = state.epoch
      if (state.next - 1 <= after) return { items: [], next: after, more: false }
      const page = await thin.read(caller, { after, limit })
      // Unread critical ones before `after` were pushed when it was their turn.
      const fresh = page.messages.filter(message => message.sequence > after)
      const items = fresh.map(message => ({
        sequence: message.sequence,
        receivedAt: Date.parse(message.timestamp),
        send: (to: Socket) => to.sendText(JSON.stringify({ type: 'message', ...message })),
      }))
      return { items, next: page.next, more: page.more }
    },
    acked: async () => (await thin.mailbox(caller.userId))?.acked ?? 0,
  }
}
