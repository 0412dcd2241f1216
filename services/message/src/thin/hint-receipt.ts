import { maxReceiptIds } from '@qsm/contract'
import type { Bus } from '@qsm/server-kit'
import type { ManagedOutput } from '../managed/managed-devices.js'

type Receipt = ManagedOutput<'read'>['receipts'][number]

/** Tells the sockets of a user's thin clients, wherever they are, of a receipt that this pod has opened. */
export const hintReceipt = (bus: Bus, userId: string, receipt: Receipt): void => {
  for (let start = 0; start < receipt.message_ids.length; start += maxReceiptIds) {
    bus.publish({
      kind: 'receipt',
      user_id: userId,
      peer_id: receipt.from_user_id,
      receipt: receipt.kind,
      message_ids: receipt.message_ids.slice(start, start + maxReceiptIds),
    })
  }
}
