import { type CloseCode, closeCodes, type HintOf } from '@qsm/contract'
import type { Revoked, Socket } from '@qsm/server-kit'
import type { Accounts } from '../accounts/accounts.js'
import type { MessageContext } from '../context.js'
import type { DeviceAddress, Devices } from '../devices/devices.js'
import type { OpenSocket, OpenSockets } from './open-sockets.js'
import type { SocketHolders } from './socket-holders.js'

export interface SocketWatch {
  /** Looks at a socket that was just opened: what it was let in by may have ended while that was judged. */
  check(entry: OpenSocket): void
  stop(): void
}

export interface WatchOptions {
  readonly accounts: Accounts
  readonly devices: Devices
  readonly open: OpenSockets
  readonly holders: SocketHolders
  readonly onError: (error: unknown) => void
}

const expiryMs = 1_000
/** A hint may have been lost. */
const pollMs = 10_000
const lookedAtOnce = 500
/** A socket that was told of before this one was registered. */
const toldMs = 5_000

/** A socket of a device, not of a thin client. */
type OpenDevice = OpenSocket & { readonly address: DeviceAddress }

const isSameDevice = (one: DeviceAddress | null, other: DeviceAddress | null): boolean =>
  one?.userId === other?.userId && one?.deviceId === other?.deviceId

/**
 * Closes sockets whose ground has gone: an ended session or account, an expired token, a removed device, a session that works
 * as another device now, a newer socket of the same device.
 */
export const watchSockets = (
  { bus, clock, metrics }: Pick<MessageContext, 'bus' | 'clock' | 'metrics'>,
  { accounts, devices, open, holders, onError }: WatchOptions,
): SocketWatch => {
  const checkCaller = ({ caller, socket }: OpenSocket) => {
    try {
      accounts.check(caller)
    } catch {
      socket.close(closeCodes.sessionEnded)
    }
  }
  const checkDevice = async ({ caller, address, socket }: OpenSocket) => {
    const bound = await devices.bound(caller.sessionId)
    if (!isSameDevice(bound, address)) socket.close(bound ? closeCodes.rebound : closeCodes.deviceRemoved)
  }
  const latency = metrics.histogram({
    name: 'qsm_message_revocation_seconds',
    help: 'Time from the end of a session or account until a socket of it was told to close.',
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60],
  })
  const revoke = (socket: Socket, code: CloseCode, at: number) => {
    if (socket.isOpen) latency.observe(Math.max(0, clock.now() - at) / 1_000)
    socket.close(code)
  }
  const onRevoked = ({ userId, sessionId, at }: Revoked) => {
    for (const { socket, caller } of open.ofUser(userId)) {
      if (sessionId === null && caller.issuedAt <= at) revoke(socket, closeCodes.accountGone, at)
      else if (caller.sessionId === sessionId) revoke(socket, closeCodes.sessionEnded, at)
    }
  }
  const onBound = (hint: HintOf<'device-bound'>) => {
    for (const entry of open.all()) {
      if (entry.caller.sessionId === hint.session_id) checkDevice(entry).catch(onError)
    }
  }
  /** Who has the device by the database, where that is another one than this socket. */
  const otherHolder = async ({ address, holderId }: OpenSocket): Promise<string | null> => {
    const holder = address && (await holders.holderOf(address))
    return holder === holderId ? null : holder
  }
  /** Sockets of which other pods have told a moment ago, by device. */
  const toldOf = new Map<string, string>()
  const keyOf = ({ userId, deviceId }: DeviceAddress) => `${userId}/${deviceId}`
  /** Displaced is who is no longer the holder, and whose successor was told of as open. Who was told of nobody need not look. */
  const checkDisplaced = async (entry: OpenSocket) => {
    const successor = entry.address && toldOf.get(keyOf(entry.address))
    if (successor && (await otherHolder(entry)) === successor) entry.socket.close(closeCodes.displaced)
  }
  /**
   * Hints get lost: looks for entries that nobody told of, and for sockets whose device has another one. That may be one of a pod
   * that was killed before it opened; nobody can tell here, so this one comes back, and is the newest then.
   */
  const lookAtSome = async (entries: readonly OpenDevice[]) => {
    for (const { index, isReplaced } of await holders.outdated(entries)) {
      const entry = entries[index] as OpenDevice
      if (isReplaced) entry.socket.close(closeCodes.draining)
      else entry.delivery.wake()
    }
  }
  let isLooking = false
  const look = async () => {
    if (isLooking) return
    isLooking = true
    try {
      const entries = [...open.all()]
      const devices = entries.filter((entry): entry is OpenDevice => entry.address !== null)
      for (const { address, delivery } of entries) if (!address) delivery.wake()
      for (let at = 0; at < devices.length; at += lookedAtOnce) await lookAtSome(devices.slice(at, at + lookedAtOnce))
    } finally {
      isLooking = false
    }
  }
  const onOpened = (hint: HintOf<'socket-opened'>) => {
    const address = { userId: hint.user_id, deviceId: hint.device_id }
    const entry = open.ofDevice(address)
    if (entry?.holderId === hint.socket_id) return // Its own.
    toldOf.set(keyOf(address), hint.socket_id)
    setTimeout(() => toldOf.delete(keyOf(address)), toldMs).unref()
    if (entry) checkDisplaced(entry).catch(onError)
  }
  const ends = [
    accounts.onRevoked(onRevoked),
    bus.subscribe('device-bound', onBound),
    bus.subscribe('socket-opened', onOpened),
    bus.subscribe('device-removed', hint =>
      open.ofDevice({ userId: hint.user_id, deviceId: hint.device_id })?.socket.close(closeCodes.deviceRemoved),
    ),
  ]
  const expiry = setInterval(() => {
    const now = clock.now()
    for (const { socket, caller } of open.all()) if (caller.expiresAt <= now) socket.close(closeCodes.tokenExpired)
  }, expiryMs).unref()
  const poll = setInterval(() => void look().catch(onError), pollMs).unref()

  return {
    check(entry) {
      checkCaller(entry)
      if (entry.address) {
        const { userId: user_id, deviceId: device_id } = entry.address
        bus.publish({ kind: 'socket-opened', user_id, device_id, socket_id: entry.holderId })
      }
      checkDisplaced(entry).catch(onError)
      checkDevice(entry).catch(onError)
    },
    stop() {
      clearInterval(expiry)
      clearInterval(poll)
      for (const end of ends) end()
    },
  }
}
