import type { MessageContext } from '../context.js'
import type { Mailboxes } from '../mailbox/mailbox.js'
import type { AsDevice } from './as-device.js'
import type { ManagedDeviceOf } from './managed-device.js'
import type { OpenMailbox } from './open-mailbox.js'
import { presentMessages, type ReadableMessage } from './present-messages.js'
import type { ThinCaller } from './thin-caller.js'

export interface ReadRange {
  /** Null: behind the last acknowledgement. */
  readonly after: number | null
  readonly limit: number
}

export interface ReadablePage {
  /** Ascending; before them unread critical ones, wherever they stand. */
  readonly messages: readonly ReadableMessage[]
  /** To give as `after`. */
  readonly next: number
  readonly more: boolean
  readonly epoch: number
}

/** Messages as a thin client reads them, by its route and by its socket. A user without a managed device has none. */
export type ThinRead = (caller: ThinCaller, range: ReadRange) => Promise<ReadablePage>

export const createThinRead = (options: {
  readonly context: MessageContext
  readonly mailboxes: Mailboxes
  readonly managedDevice: ManagedDeviceOf
  readonly asDevice: AsDevice
  readonly openMailbox: OpenMailbox
}): ThinRead => {
  const { context, mailboxes, managedDevice, asDevice, openMailbox } = options
  return async (caller, range) => {
    if (!(await managedDevice.find(caller.userId))) {
      return { messages: [], next: range.after ?? 0, more: false, epoch: 0 }
    }
    return asDevice(caller, async device => {
      const state = await mailboxes.state(device)
      const after = range.after ?? state.acked
      const opened = await openMailbox({ caller, device, state, after, limit: range.limit, upTo: null })
      const messages = await presentMessages(context.database.query, opened.messages, state.acked)
      return { messages, next: opened.next, more: opened.more, epoch: state.epoch }
    })
  }
}
