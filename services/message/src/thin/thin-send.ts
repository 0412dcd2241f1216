import { QsmError, type RateLimit } from '@qsm/server-kit'
import type { Accounts, KnownUser } from '../accounts/accounts.js'
import { createFindConnection } from '../connections/find.js'
import type { Connection } from '../connections/pair.js'
import type { MessageContext } from '../context.js'
import type { AsDevice } from './as-device.js'
import { recipientOf } from './recipient.js'
import type { SealAndStore, SealedAndStored } from './seal-and-store.js'
import { createSendLook, type SendLook } from './send-look.js'
import { createSendMemory, type ThinSendBody } from './send-memory.js'
import type { ThinCaller } from './thin-caller.js'

type Recipient = Pick<SendLook, 'peer' | 'connection'> & { readonly devices: SendLook['devices'] | null }

/** What a thin client is told of its message. */
const present = ({ messageId, receivedAt }: SealedAndStored, { message_type }: ThinSendBody) => ({
  message_id: messageId,
  timestamp: new Date(receivedAt).toISOString(),
  status: 'sent' as const,
  encrypted: true,
  signed: true,
  quantum_algorithm: 'ML-KEM-768',
  message_type,
})

/** Sends a text of a thin client; the same id with the same body gives the first answer again. */
export type ThinSend = (caller: ThinCaller, body: ThinSendBody) => Promise<ReturnType<typeof present>>

export const createThinSend = (options: {
  readonly context: MessageContext
  readonly accounts: Accounts
  readonly asDevice: AsDevice
  readonly sealAndStore: SealAndStore
  /** How much a user may send, whatever it is. */
  readonly sendLimit: RateLimit
}): ThinSend => {
  const { context, accounts, asDevice, sealAndStore, sendLimit } = options
  const { query } = context.database
  const findConnection = createFindConnection(query)
  const lookAt = createSendLook(context.database, context.clock)
  const memory = createSendMemory(context.database, () => context.databaseClock.now())

  /** Before anything is sealed: what is sealed for nothing is a gap in the session. */
  const checkConnection = (connection: Connection | null, { username }: KnownUser): void => {
    if (connection?.blockedByMe || connection?.blockedByPeer) throw new QsmError('blocked')
    if (connection?.state === 'open' || connection?.state === 'started') return
    const text = `There is no open session with ${username}: POST /api/connection/request, and wait until it is accepted.`
    throw new QsmError('not_connected', text)
  }

  /** To whom and how the caller stands to them; with the devices of both where they were found by the way. */
  const recipient = async ({ userId }: ThinCaller, username: string | undefined): Promise<Recipient> => {
    const look = username === undefined ? null : await lookAt(userId, username)
    if (look && look.peer.userId !== userId) return look
    const peer = await recipientOf(query, accounts, userId, username)
    return { peer, connection: await findConnection(userId, peer.userId), devices: null }
  }

  const send = async (caller: ThinCaller, body: ThinSendBody): Promise<SealedAndStored> => {
    const { peer, connection, ...found } = await recipient(caller, body.recipient)
    checkConnection(connection, peer)
    let { devices } = found
    const stored = await asDevice(caller, device => {
      const listed = devices
      devices = null // Where this is done again, devices have changed.
      return sealAndStore({
        caller,
        device,
        peerId: peer.userId,
        payload: { kind: 'text', text: body.content, message_type: body.message_type },
        clientMessageId: body.client_message_id ?? null,
        isToSome: false,
        listed,
      })
    })
    if (!stored) throw new TypeError('a text that goes to all devices was sealed for none')
    return stored
  }

  return async (caller, body) => {
    await sendLimit.take(caller.userId)
    const { client_message_id: clientId } = body
    if (clientId === undefined) return present(await send(caller, body), body)
    const earlier = await memory.recall(caller.userId, clientId, body)
    if (earlier) return present(earlier, body)
    const stored = await send(caller, body)
    await memory.remember(caller.userId, clientId, body, stored)
    return present(stored, body)
  }
}
