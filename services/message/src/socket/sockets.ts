import type { IncomingMessage, Server } from 'node:http'
import { closeCodes, type HintOf, type ServerFrame } from '@qsm/contract'
import {
  acceptSockets,
  bearerToken,
  type CounterMetric,
  closeInWaves,
  QsmError,
  type Socket,
  type Sockets,
} from '@qsm/server-kit'
import type { Accounts } from '../accounts/accounts.js'
import { connectionFramesFor } from '../connections/frames.js'
import type { MessageContext } from '../context.js'
import type { DeviceAddress, Devices } from '../devices/devices.js'
import type { Mailboxes, MailboxState } from '../mailbox/mailbox.js'
import type { Send } from '../send/send.js'
import { type Delivery, startDelivery } from './delivery.js'
import { handleFrames } from './frames.js'
import { redeemTicket, type SocketCaller } from './tickets.js'

interface Identity extends SocketCaller {
  readonly address: DeviceAddress | null
  readonly start: MailboxState | null
}

interface OpenSocket extends Identity {
  readonly socket: Socket
  readonly delivery: Delivery | null
}

export interface SocketService {
  attach(server: Server, options: { readonly allowedOrigins: readonly string[]; readonly maxSockets: number }): void
  isOnline(userId: string): boolean
  /** Takes no more and closes those that are open in waves over `overMs`. */
  drain(overMs: number): Promise<void>
  readonly count: number
  stop(): void
}

const pollMs = 10_000
const keyOf = ({ userId, deviceId }: DeviceAddress): string => `${userId}/${deviceId}`

/** The sockets of this pod: who is connected, what is pushed to whom, and what closes them. */
export const createSocketService = (
  context: MessageContext,
  parts: {
    readonly accounts: Accounts
    readonly devices: Devices
    readonly mailboxes: Mailboxes
    readonly send: Send
    readonly deliveries: CounterMetric
  },
): SocketService => {
  const { bus, clock, log } = context
  const { accounts, devices, mailboxes } = parts
  const byDevice = new Map<string, OpenSocket>()
  const byUser = new Map<string, Set<OpenSocket>>()
  const accepted: Sockets[] = []

  const ofHeader = ({ headers }: IncomingMessage): SocketCaller => {
    const accessToken = bearerToken(headers.authorization)
    return { caller: context.tokens.verifyAccess(accessToken), accessToken }
  }
  const authenticate = async (request: IncomingMessage, ticket: string | null): Promise<Identity> => {
    const { caller, accessToken } = ticket === null ? ofHeader(request) : await redeemTicket(context, ticket)
    accounts.check(caller)
    const name = request.qsmSocketName
    if (name && name.toLowerCase() !== caller.username.toLowerCase())
      throw new QsmError('forbidden', 'This path names another user.')
    const address = await devices.bound(caller.sessionId)
    return { caller, accessToken, address, start: address && (await mailboxes.state(address)) }
  }

  const forget = (entry: OpenSocket) => {
    entry.delivery?.stop()
    if (entry.address && byDevice.get(keyOf(entry.address)) === entry) byDevice.delete(keyOf(entry.address))
    const ofUser = byUser.get(entry.caller.userId)
    ofUser?.delete(entry)
    if (ofUser?.size === 0) byUser.delete(entry.caller.userId)
  }
  const remember = (entry: OpenSocket) => {
    const ofUser = byUser.get(entry.caller.userId) ?? new Set()
    byUser.set(entry.caller.userId, ofUser.add(entry))
    if (!entry.address) return
    byDevice.get(keyOf(entry.address))?.socket.close(closeCodes.displaced)
    byDevice.set(keyOf(entry.address), entry)
    bus.publish({
      kind: 'socket-opened',
      user_id: entry.address.userId,
      device_id: entry.address.deviceId,
      socket_id: entry.socket.id,
    })
  }

  const onSocket = (socket: Socket, identity: Identity) => {
    const { caller, address, start } = identity
    const ready: ServerFrame = {
      type: 'ready',
      cursor: start?.acked ?? 0,
      epoch: start?.epoch ?? 0,
      device_id: address?.deviceId ?? null,
      username: caller.username,
    }
    socket.sendText(JSON.stringify(ready))
    const onError = (error: unknown) => log.warn({ err: error }, 'a mailbox could not be read; it is tried again')
    const onDelivered = (count: number) => parts.deliveries.inc(count)
    const delivery =
      address && start ? startDelivery({ socket, address, mailboxes, start, onDelivered, onError }) : null
    const entry: OpenSocket = { ...identity, socket, delivery }
    remember(entry)
    socket.onClose(() => forget(entry))
    handleFrames({
      socket,
      address,
      delivery,
      mailboxes,
      send: parts.send,
      onInternal: error => log.error({ err: error }, 'a frame failed'),
    })
  }

  const pushConnection = async (hint: HintOf<'connection'>) => {
    for (const { socket, address } of [...(byUser.get(hint.user_id) ?? [])]) {
      const frames = await connectionFramesFor(context.database, hint, address?.deviceId ?? null, clock.now())
      if (socket.isOpen) for (const frame of frames) socket.sendText(JSON.stringify(frame))
    }
  }

  bus.subscribe('mailbox', hint => byDevice.get(`${hint.user_id}/${hint.device_id}`)?.delivery?.wake())
  bus.subscribe('connection', hint => {
    pushConnection(hint).catch(error => log.warn({ err: error }, 'a connection update was not pushed'))
  })
  bus.subscribe('device-removed', hint =>
    byDevice.get(`${hint.user_id}/${hint.device_id}`)?.socket.close(closeCodes.deviceRemoved),
  )
  bus.subscribe('socket-opened', hint => {
    const entry = byDevice.get(`${hint.user_id}/${hint.device_id}`)
    // Our own hint comes back to us; a later socket of ours is newer than one that another pod tells of late.
    if (entry && entry.socket.id !== hint.socket_id && !ownSockets.has(hint.socket_id))
      entry.socket.close(closeCodes.displaced)
  })
  const ownSockets = new Set<string>()
  accounts.onRevoked(({ userId, sessionId, at }) => {
    for (const { socket, caller } of byUser.get(userId) ?? []) {
      const isOver = sessionId === null ? caller.issuedAt <= at : caller.sessionId === sessionId
      if (isOver) socket.close(closeCodes.sessionEnded)
    }
  })
  const timer = setInterval(() => {
    const now = clock.now()
    for (const entries of byUser.values()) {
      for (const { socket, caller, delivery } of entries) {
        if (caller.expiresAt <= now) socket.close(closeCodes.tokenExpired)
        else delivery?.wake() // A hint may have been lost.
      }
    }
  }, pollMs)
  timer.unref()

  return {
    attach(server, { allowedOrigins, maxSockets }) {
      const onAccepted = (socket: Socket, identity: Identity) => {
        ownSockets.add(socket.id)
        socket.onClose(() => ownSockets.delete(socket.id))
        onSocket(socket, identity)
      }
      accepted.push(
        acceptSockets(server, {
          authenticate,
          onSocket: onAccepted,
          allowedOrigins,
          maxSockets,
          log,
          now: () => clock.now(),
        }),
      )
    },
    isOnline: userId => byUser.has(userId),
    async drain(overMs) {
      for (const sockets of accepted) {
        sockets.refuseNew()
        await closeInWaves(sockets.open, closeCodes.draining, overMs)
      }
    },
    get count() {
      return accepted.reduce((sum, sockets) => sum + sockets.open.size, 0)
    },
    stop: () => clearInterval(timer),
  }
}
