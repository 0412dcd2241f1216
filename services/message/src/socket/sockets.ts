import type { IncomingMessage, Server } from 'node:http'
import { closeCodes, type HintOf, limits, type ServerFrame } from '@qsm/contract'
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
import { startDelivery } from './delivery.js'
import { handleFrames } from './frames.js'
import { type OpenSocket, OpenSockets } from './open-sockets.js'
import { redeemTicket, type SocketCaller } from './tickets.js'
import { watchSockets } from './watch-sockets.js'

interface Identity extends SocketCaller {
  readonly address: DeviceAddress | null
  readonly start: MailboxState | null
}

export interface SocketService {
  attach(server: Server, options: { readonly allowedOrigins: readonly string[]; readonly maxSockets: number }): void
  isOnline(userId: string): boolean
  /** Tells the socket of a device what it has acknowledged by a request. */
  acknowledged(address: DeviceAddress, upTo: number): void
  /** Takes no more and closes those that are open in waves over `overMs`. */
  drain(overMs: number): Promise<void>
  readonly count: number
  stop(): void
}

export interface SocketParts {
  readonly accounts: Accounts
  readonly devices: Devices
  readonly mailboxes: Mailboxes
  readonly send: Send
  readonly deliveries: CounterMetric
}

/** While the database is away every socket of a pod finds out; the log need not hear it from each. */
const quietMs = 10_000

/** The sockets of this pod: who is let in, and what is pushed to whom. */
export const createSocketService = (context: MessageContext, parts: SocketParts): SocketService => {
  const { bus, clock, log, metrics } = context
  const { accounts, devices, mailboxes } = parts
  const open = new OpenSockets()
  const accepted: Sockets[] = []
  let quietUntil = 0

  const onError = (error: unknown) => {
    const now = performance.now()
    if (now < quietUntil) return
    quietUntil = now + quietMs
    log.warn({ err: error }, 'mailboxes could not be read for sockets; it is tried again')
  }

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

  const watch = watchSockets(context, { accounts, devices, open, onError })

  const onSocket = (socket: Socket, { caller, accessToken, address, start }: Identity) => {
    const ready: ServerFrame = {
      type: 'ready',
      cursor: start?.acked ?? 0,
      epoch: start?.epoch ?? 0,
      device_id: address?.deviceId ?? null,
      username: caller.username,
    }
    socket.sendText(JSON.stringify(ready))
    const onDelivered = (count: number) => parts.deliveries.inc(count)
    const delivery =
      address && start ? startDelivery({ socket, address, mailboxes, start, onDelivered, onError }) : null
    const entry: OpenSocket = { caller, accessToken, address, socket, delivery }
    open.add(entry)?.socket.close(closeCodes.displaced)
    socket.onClose(() => {
      delivery?.stop()
      open.remove(entry)
    })
    if (address) {
      const { userId: user_id, deviceId: device_id } = address
      bus.publish({ kind: 'socket-opened', user_id, device_id, socket_id: socket.id })
    }
    const onInternal = (error: unknown) => log.error({ err: error }, 'a frame failed')
    handleFrames({ socket, address, delivery, mailboxes, send: parts.send, onInternal })
    watch.check(entry)
  }

  const pushConnection = async (hint: HintOf<'connection'>) => {
    for (const { socket, address } of open.ofUser(hint.user_id)) {
      const frames = await connectionFramesFor(context.database, hint, address?.deviceId ?? null, clock.now())
      // Who does not read these either comes back and asks for how its connections stand.
      if (socket.bufferedBytes >= limits.maxBufferedBytes) socket.close(closeCodes.slowConsumer)
      for (const frame of frames) socket.sendText(JSON.stringify(frame))
    }
  }
  const unsubscribe = [
    bus.subscribe('mailbox', hint =>
      open.ofDevice({ userId: hint.user_id, deviceId: hint.device_id })?.delivery?.wake(),
    ),
    bus.subscribe('connection', hint => {
      pushConnection(hint).catch(error => log.warn({ err: error }, 'a connection update was not pushed'))
    }),
  ]

  return {
    attach(server, { allowedOrigins, maxSockets }) {
      const now = () => clock.now()
      accepted.push(acceptSockets(server, { authenticate, onSocket, allowedOrigins, maxSockets, log, metrics, now }))
    },
    isOnline: userId => open.isOnline(userId),
    acknowledged: (address, upTo) => open.ofDevice(address)?.delivery?.acknowledged(upTo),
    async drain(overMs) {
      for (const sockets of accepted) {
        sockets.refuseNew()
        await closeInWaves(sockets.open, closeCodes.draining, overMs)
      }
    },
    get count() {
      return accepted.reduce((sum, sockets) => sum + sockets.open.size, 0)
    },
    stop() {
      watch.stop()
      for (const end of unsubscribe) end()
    },
  }
}
