import { QsmError } from '@qsm/server-kit'
import type { KnownUser } from '../accounts/accounts.js'
import { announceConnection } from '../connections/announce.js'
import { closeConnection } from '../connections/close.js'
import { findConnection } from '../connections/find.js'
import type { Connection } from '../connections/pair.js'
import type { MessageContext } from '../context.js'
import type { DeviceAddress } from '../devices/devices.js'
import type { Mailboxes } from '../mailbox/mailbox.js'
import type { ManagedOutput } from '../managed/managed-devices.js'
import type { AsDevice } from './as-device.js'
import type { ManagedDeviceOf } from './managed-device.js'
import { responsesTo } from './own-responses.js'
import type { SealAndStore } from './seal-and-store.js'
import type { ThinCaller } from './thin-caller.js'

type Status = ManagedOutput<'session_status'>

/** The session of a thin client with another user. */
export interface ThinSession {
  status(caller: ThinCaller, peer: KnownUser): Promise<Status>
  /**
   * Destroys its keys on both sides: tells the peer's devices, has the quantum service erase its own and those of a managed
   * device of the peer, and closes the connection. Throws `not_found` where there is none.
   */
  terminate(caller: ThinCaller, peer: KnownUser): Promise<void>
}

const none: Status = { active: false, session_id: null, established_at: null }

const isUsable = (connection: Connection | null): boolean =>
  (connection?.state === 'open' || connection?.state === 'started') &&
  !connection.blockedByMe &&
  !connection.blockedByPeer

/** Why the peer cannot be told; its keys and the connection go all the same. */
const untold: ReadonlySet<QsmError['code']> = new Set([
  'blocked',
  'not_connected',
  'not_answered',
  'conflict',
  'record_refused',
  'not_found',
])

export const createThinSession = (options: {
  readonly context: MessageContext
  readonly mailboxes: Mailboxes
  readonly managedDevice: ManagedDeviceOf
  readonly asDevice: AsDevice
  readonly sealAndStore: SealAndStore
}): ThinSession => {
  const { context, mailboxes, managedDevice, asDevice, sealAndStore } = options
  const { managed, database, clock, bus } = context

  /** The answers of a peer to own requests begin sessions, when they are handed over. */
  const takeResponses = async (caller: ThinCaller, device: DeviceAddress, peerId: string): Promise<void> => {
    const responses = await responsesTo(database.query, device, [peerId], clock.now())
    if (responses.length === 0) return
    const { acked, epoch } = await mailboxes.state(device)
    const nothing = { entries: [], devices: [], after: acked, limit: 0, read_up_to: acked }
    await managed.run(caller.accessToken, 'read', {
      ...{ epoch, from: acked, responses, responses_complete: false },
      ...nothing,
    })
  }

  const statusOf = async (caller: ThinCaller, device: DeviceAddress, peerId: string): Promise<Status> => {
    const ask = () => managed.run(caller.accessToken, 'session_status', { peer_user_id: peerId })
    const status = await ask()
    if (status.active) return status
    await takeResponses(caller, device, peerId)
    return ask()
  }

  const tellPeer = async (caller: ThinCaller, device: DeviceAddress, peerId: string): Promise<void> => {
    const payload = { kind: 'control', control: { type: 'end' } } as const
    try {
      await sealAndStore({ caller, device, peerId, payload, clientMessageId: null, isToSome: true })
    } catch (error) {
      if (!(error instanceof QsmError && untold.has(error.code))) throw error
      context.log.info({ err: error }, 'a peer could not be told that a session has ended')
    }
  }

  return {
    async status(caller, peer) {
      const found = await managedDevice.find(caller.userId)
      const connection = await findConnection(database.query, caller.userId, peer.userId)
      if (!found || !isUsable(connection)) return none
      return asDevice(caller, device => statusOf(caller, device, peer.userId))
    },
    async terminate(caller, peer) {
      const connection = await findConnection(database.query, caller.userId, peer.userId)
      const isBegun = connection?.state === 'open' || connection?.state === 'started'
      const found = await managedDevice.find(caller.userId)
      if (found) {
        await asDevice(caller, async device => {
          const { active } = await statusOf(caller, device, peer.userId)
          if (active && isUsable(connection)) await tellPeer(caller, device, peer.userId)
          if (active || isBegun) await managed.run(caller.accessToken, 'end_sessions', { peer_user_id: peer.userId })
        })
      }
      if (!isBegun) throw new QsmError('not_found', `There is no session with ${peer.username}.`)
      await closeConnection(database, caller.userId, peer.userId, clock.now())
      announceConnection(bus, caller.userId, peer.userId, null)
    },
  }
}
