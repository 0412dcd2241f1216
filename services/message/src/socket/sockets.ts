import type { IncomingMessage, Server } from 'node:http'
import { closeCodes, type ServerFrame } from '@qsm/contract'
import {
  acceptSockets,
  bearerToken,
  closeInWaves,
  QsmError,
  type Socket,
  type SocketAccess,
  type Sockets,
  socketIdAt,
} from '@qsm/server-kit'
import type { Accounts } from '../accounts/accounts.js'
import type { MessageContext } from '../context.js'
import type { DeviceAddress, Devices } from '../devices/devices.js'
import type { Arrivals } from '../mailbox/arrivals.js'
import type { Mailboxes, MailboxState } from '../mailbox/mailbox.js'
import type { Send } from '../send/send.js'
import type { Thin } from '../thin/thin.js'
import type { ThinCaller } from '../thin/thin-caller.js'
import { emptyMailbox, thinSource } from '../thin/thin-source.js'
import { startDelivery } from './delivery.js'
import { countDeliveries } from './delivery-counts.js'
import { envelopeItem, envelopeSource } from './delivery-source.js'
import { deliverySpans } from './delivery-spans.js'
import { type FrameHandling, handleFrames, type ThinFrames } from './frames.js'
import { type OpenSocket, OpenSockets } from './open-sockets.js'
import { pushConnections } from './push-connections.js'
import { pushReceipts } from './push-receipts.js'
import { createShowFrame } from './show-frame.js'
import { createSocketHolders } from './socket-holders.js'
import { tellPresence } from './tell-presence.js'
import { redeemTicket, type SocketCaller } from './tickets.js'
import { createTyping } from './typing.js'
import { watchSockets } from './watch-sockets.js'

interface Identity extends SocketCaller {
  /** The end-to-end device of the login session; null for a thin client. */
  readonly address: DeviceAddress | null
  /** What `ready` shows: that device, or the managed one; null where there is none. */
  readonly deviceId: number | null
  readonly start: MailboxState
  readonly holderId: string
}

export interface SocketService {
  attach(server: Server, access: SocketAccess): void
  /** Tells the socket of a device what it has acknowledged by a request. */
  acknowledged(address: DeviceAddress, upTo: number): void
  /** The same for the sockets of a user's thin clients. */
  acknowledgedThin(userId: string, upTo: number): void
  /** Takes no more and closes those that are open in waves: over half of `drainMs`, at most 2 s, as requests need the rest. */
  drain(drainMs: number): Promise<void>
  readonly count: number
  stop(): Promise<void>
}

export interface SocketParts {
  readonly accounts: Accounts
  readonly devices: Devices
  readonly mailboxes: Mailboxes
  readonly arrivals: Arrivals
  readonly send: Send
  readonly thin: Thin
}

/** While the database is away every socket of a pod finds out; the log need not hear it from each. */
const quietMs = 10_000
/** Clients that come back over so long are no stampede. */
const maxDrainMs = 2_000

/** The sockets of this pod: who is let in, and what is pushed to whom. */
export const createSocketService = (context: MessageContext, parts: SocketParts): SocketService => {
  const { bus, clock, log, metrics, tracing } = context
  const { accounts, devices, mailboxes, thin } = parts
  const open = new OpenSockets()
  const accepted: Sockets[] = []
  const holders = createSocketHolders(context.database)
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
    const holderId = socketIdAt(bus.podAddress)
    const name = request.qsmSocketName
    if (name && name.toLowerCase() !== caller.username.toLowerCase())
      throw new QsmError('forbidden', 'This path names another user.')
    if (await thin.isThin(caller.sessionId)) {
      const device = await thin.deviceOf(caller.userId)
      const start = device ? await mailboxes.state(device) : emptyMailbox
      return { caller, accessToken, address: null, deviceId: device?.deviceId ?? null, start, holderId }
    }
    const address = await devices.requireBound(caller.sessionId)
    // Who comes back at once finds what it has acknowledged a moment ago.
    await mailboxes.acknowledged()
    // Stored before the upgrade is answered: whoever opens the next one then displaces this one, not the other way round.
    const start = await holders.hold(address, holderId)
    const release = () => void holders.release(address, holderId).catch(onError)
    if (request.socket.destroyed) release()
    else request.socket.once('close', release)
    return { caller, accessToken: null, address, deviceId: address.deviceId, start, holderId }
  }

  const counts = countDeliveries(metrics, context.databaseClock)
  const showFrame = createShowFrame(metrics)
  const typing = createTyping(context, { accounts, open, showFrame })
  const presence = tellPresence(context, { accounts, open, showFrame })
  const stopReceipts = pushReceipts(context, { accounts, open, showFrame })
  const watch = watchSockets(context, {
    accounts,
    devices,
    open,
    holders,
    onError,
  })

  const acknowledgedThin = (userId: string, upTo: number) => {
    for (const { delivery } of open.thinOfUser(userId)) delivery.acknowledged(upTo)
  }
  const thinFramesOf = (caller: ThinCaller): ThinFrames => ({
    send: (body, traceparent) => thin.send({ ...caller, traceparent }, body),
    async acknowledge(upTo) {
      await thin.acknowledge(caller, upTo)
      acknowledgedThin(caller.userId, upTo)
    },
    receipt: (username, kind, messageId) => thin.receipt(caller, username, kind, messageId),
  })

  const onInternal = (error: unknown) => log.error({ err: error }, 'a frame failed')

  const onSocket = (socket: Socket, { caller, accessToken, address, deviceId, start, holderId }: Identity) => {
    const ready: ServerFrame = {
      type: 'ready',
      cursor: start.acked,
      epoch: start.epoch,
      device_id: deviceId,
      username: caller.username,
    }
    socket.sendText(JSON.stringify(ready))
    // A ticket of an earlier version holds no token: the quantum service refuses what is asked with none.
    const thinCaller = (): ThinCaller => ({ ...caller, accessToken: accessToken ?? '' })
    const source = address ? envelopeSource(mailboxes, address) : thinSource(thin, thinCaller(), socket, start)
    const delivery = startDelivery({ socket, source, start, counts, onError, spans: tracing && deliverySpans(tracing) })
    const entry: OpenSocket = { caller, accessToken, address, socket, delivery, holderId, openedAt: clock.now() }
    open.add(entry)?.socket.close(closeCodes.displaced)
    const unwant = bus.want(caller.userId)
    presence.changed(caller.userId)
    socket.onClose(() => {
      unwant()
      delivery.stop()
      open.remove(entry)
      presence.changed(caller.userId)
    })
    const frames = address ? null : thinFramesOf(thinCaller())
    const tell: FrameHandling['typing'] = frame => typing.tell(caller, frame)
    handleFrames({
      ...{ socket, address, delivery, mailboxes, tracing, typing: tell, onInternal },
      send: parts.send,
      thin: frames,
    })
    watch.check(entry)
  }

  const stopConnections = pushConnections(context, open)
  parts.arrivals.listen((address, entry) => open.ofDevice(address)?.delivery.offer(envelopeItem(entry)))
  const unsubscribe = [
    bus.subscribe('mailbox', ({ user_id: userId, device_id: deviceId, sequence, traceparent }) => {
      const trace = ({ delivery }: OpenSocket) => {
        if (sequence !== undefined && traceparent !== undefined) delivery.trace(sequence, traceparent)
      }
      const ofDevice = open.ofDevice({ userId, deviceId })
      if (ofDevice) {
        trace(ofDevice)
        return ofDevice.delivery.wake(sequence)
      }
      for (const entry of open.thinOfUser(userId)) {
        trace(entry)
        entry.delivery.wake()
      }
    }),
  ]

  return {
    attach(server, access) {
      const userOf = ({ caller }: Identity) => caller.userId
      const now = () => clock.now()
      accepted.push(acceptSockets(server, { authenticate, onSocket, userOf, ...access, log, metrics, now }))
    },
    acknowledged: (address, upTo) => open.ofDevice(address)?.delivery.acknowledged(upTo),
    acknowledgedThin,
    async drain(drainMs) {
      const overMs = Math.min(maxDrainMs, drainMs / 2)
      for (const sockets of accepted) {
        sockets.refuseNew()
        await closeInWaves(sockets.open, closeCodes.draining, overMs)
      }
    },
    get count() {
      return accepted.reduce((sum, sockets) => sum + sockets.open.size, 0)
    },
    async stop() {
      watch.stop()
      typing.stop()
      stopReceipts()
      stopConnections()
      await presence.stop()
      for (const end of unsubscribe) end()
    },
  }
}
