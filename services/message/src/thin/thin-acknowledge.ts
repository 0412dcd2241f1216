import { errorCatalogue } from '@qsm/contract'
import { QsmError } from '@qsm/server-kit'
import type { MessageContext } from '../context.js'
import type { DeviceAddress } from '../devices/devices.js'
import type { Mailboxes } from '../mailbox/mailbox.js'
import type { AsDevice } from './as-device.js'
import type { ManagedDeviceOf } from './managed-device.js'
import type { OpenMailbox } from './open-mailbox.js'
import type { SealAndStore } from './seal-and-store.js'
import type { ThinCaller } from './thin-caller.js'

/**
 * Acknowledges what a thin client has read: everything up to a number, which is opened before so that nothing of a session is
 * lost. Those who have sent critical messages get a receipt; one that cannot be stored now is due again at the next call.
 */
export type ThinAcknowledge = (caller: ThinCaller, upTo: number) => Promise<void>

/** A peer who cannot be told (blocked, gone, without a session) is told no more. */
const isFinal = (error: unknown): boolean => error instanceof QsmError && !errorCatalogue[error.code].retryable

export const createThinAcknowledge = (options: {
  readonly context: MessageContext
  readonly mailboxes: Mailboxes
  readonly managedDevice: ManagedDeviceOf
  readonly asDevice: AsDevice
  readonly openMailbox: OpenMailbox
  readonly sealAndStore: SealAndStore
}): ThinAcknowledge => {
  const { context, mailboxes, managedDevice, asDevice, openMailbox, sealAndStore } = options

  const sendReceipts = async (caller: ThinCaller, device: DeviceAddress, upTo: number, epoch: number) => {
    const take = (stored: string[]) =>
      context.managed.run(caller.accessToken, 'take_receipts', { up_to: upTo, epoch, stored })
    const { receipts } = await take([])
    for (const { to_user_id: peerId, message_ids } of receipts) {
      const control = { type: 'receipt', kind: 'read', message_ids } as const
      try {
        const payload = { kind: 'control', control } as const
        await sealAndStore({ caller, device, peerId, payload, clientMessageId: null, isToSome: true })
      } catch (error) {
        if (!isFinal(error)) throw error
        context.log.info({ err: error }, 'a receipt could not be given; it is not tried again')
      }
      await take(message_ids)
    }
  }

  return async (caller, upTo) => {
    if (!(await managedDevice.find(caller.userId))) {
      if (upTo === 0) return
      const text = 'up_to: at most 0, since nothing was received yet'
      throw new QsmError('validation_failed', text, { details: { field: 'up_to' } })
    }
    await asDevice(caller, async device => {
      const state = await mailboxes.state(device)
      await openMailbox({ caller, device, state, after: upTo, limit: 0, upTo })
      await mailboxes.acknowledge({ ...device, upTo })
      await sendReceipts(caller, device, upTo, state.epoch)
    })
  }
}
