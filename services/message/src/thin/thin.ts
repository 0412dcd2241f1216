import { QsmError } from '@qsm/server-kit'
import type { Accounts } from '../accounts/accounts.js'
import type { ClaimLimits } from '../bundles/claim-limits.js'
import type { MessageContext } from '../context.js'
import type { DeviceAddress, Devices } from '../devices/devices.js'
import type { Mailboxes, MailboxState } from '../mailbox/mailbox.js'
import type { Send } from '../send/send.js'
import { createAsDevice } from './as-device.js'
import { createBackground } from './background.js'
import { hintReceipt } from './hint-receipt.js'
import { createManagedDeviceOf } from './managed-device.js'
import { createOpenMailbox } from './open-mailbox.js'
import { createPrekeySupply } from './prekey-supply.js'
import { otherUser } from './recipient.js'
import { createSealAndStore } from './seal-and-store.js'
import { createThinAcknowledge, type ThinAcknowledge } from './thin-acknowledge.js'
import { isThin, type ThinCaller } from './thin-caller.js'
import { createThinRead, type ThinRead } from './thin-read.js'
import { createThinRequest, type ThinRequest } from './thin-request.js'
import { createThinAccept, type ThinAccept } from './thin-respond.js'
import { createThinSend, type ThinSend } from './thin-send.js'
import { createThinSession, type ThinSession } from './thin-session.js'

/** What people do who have nothing but requests: their devices are played by the quantum service. */
export interface Thin extends ThinSession {
  /** Whether a login session works as a thin client. */
  isThin(sessionId: string): Promise<boolean>
  /** The managed device that a user has now, or null. */
  deviceOf(userId: string): Promise<DeviceAddress | null>
  /** The mailbox of that device, or null. */
  mailbox(userId: string): Promise<MailboxState | null>
  readonly request: ThinRequest
  readonly accept: ThinAccept
  readonly send: ThinSend
  readonly read: ThinRead
  readonly acknowledge: ThinAcknowledge
  /** Tells a user that a message of that user was delivered or read. */
  receipt(caller: ThinCaller, username: string, kind: 'delivered' | 'read', messageId: string): Promise<void>
  /** Deletes what was opened of a message. False where nothing was. */
  forget(caller: ThinCaller, messageId: string): Promise<boolean>
  /** Destroys the keys of the managed device; it is registered until it is removed. */
  destroyDevice(caller: ThinCaller): Promise<void>
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}

export interface ThinParts {
  readonly context: MessageContext
  readonly accounts: Accounts
  readonly devices: Devices
  readonly mailboxes: Mailboxes
  readonly claimLimits: ClaimLimits
  readonly send: Send
}

export const createThin = (parts: ThinParts): Thin => {
  const { context, accounts, devices, mailboxes } = parts
  const { managed } = context
  const background = createBackground(context.log)
  const managedDevice = createManagedDeviceOf(context, accounts)
  const supply = createPrekeySupply(context, devices, background)
  const asDevice = createAsDevice(managedDevice, supply)
  const sealAndStore = createSealAndStore(parts)
  const sendLimit = context.rateLimits({ name: 'thin-send', points: 3_000, perSeconds: 60 })

  const openMailbox = createOpenMailbox(context, (caller, device, output) => {
    if (output.used_prekeys > 0) supply.check(caller, device, true)
    for (const peerId of output.control_due) {
      const sealing = {
        caller,
        device,
        peerId,
        payload: { kind: 'empty' },
        clientMessageId: null,
        isToSome: true,
      } as const
      background.run('an empty envelope was not sent', () => sealAndStore(sealing))
    }
    for (const receipt of output.receipts) hintReceipt(context.bus, caller.userId, receipt)
  })
  const shared = { context, accounts, devices, mailboxes, managedDevice, asDevice, openMailbox, sealAndStore }

  return {
    ...createThinSession(shared),
    isThin: sessionId => isThin(devices, sessionId),
    deviceOf(userId) {
      managedDevice.forget(userId)
      return managedDevice.find(userId)
    },
    async mailbox(userId) {
      const device = await managedDevice.find(userId)
      return device && mailboxes.state(device)
    },
    request: createThinRequest(shared),
    accept: createThinAccept(shared),
    send: createThinSend({ ...shared, sendLimit }),
    read: createThinRead(shared),
    acknowledge: createThinAcknowledge(shared),
    async receipt(caller, username, kind, messageId) {
      await sendLimit.take(caller.userId)
      const peer = await otherUser(accounts, caller.userId, username, 'recipient')
      const control = { type: 'receipt' as const, kind, message_ids: [messageId] }
      const payload = { kind: 'control' as const, control }
      const sealing = { caller, peerId: peer.userId, payload, clientMessageId: null, isToSome: true }
      const stored = await asDevice(caller, device => sealAndStore({ ...sealing, device }))
      if (!stored) throw new QsmError('not_connected', `There is no session with ${peer.username}.`)
    },
    async forget(caller, messageId) {
      if (!(await managedDevice.find(caller.userId))) return false
      const { forgotten } = await asDevice(caller, () =>
        managed.run(caller.accessToken, 'forget_message', { message_id: messageId }),
      )
      return forgotten
    },
    async destroyDevice(caller) {
      await managed.run(caller.accessToken, 'destroy_device', {})
      managedDevice.forget(caller.userId)
    },
    async stop() {
      managedDevice.stop()
      await background.settled()
    },
  }
}
