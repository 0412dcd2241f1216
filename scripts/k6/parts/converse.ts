import type { Pair, Shape } from '../prepared.js'
import { deliveries, deliveryMs, messagesLost, messagesSent } from './metrics.js'
import { send, thinBody } from './send.js'
import { signedIn } from './signed-in.js'
import { type OpenSocket, openSocket } from './socket.js'
import { wait, waitUntil } from './wait.js'

/** How long after the last send a delivery may come, before it counts as lost. */
const graceMs = 10_000

/** What one socket has got: times of arrival by key. A message may come again after a socket came back. */
interface Inbox {
  readonly arrivals: Map<string, number>
  lastSequence: number
}

export interface Converse {
  /** After so many milliseconds each socket is cut and opened anew, again and again. */
  readonly reopenEveryMs?: number
}

/**
 * One pair talks: the sender sends at an even pace whether or not answers have come, and each socket of the receiver must get
 * each message. Times count from when a message was to be sent, so that a generator or server that lags does not hide it.
 */
export const converse = async (pair: Pair, shape: Shape, options: Converse = {}): Promise<void> => {
  messagesSent.add(0) // A threshold on a metric without a sample would count as met.
  const sender = signedIn(pair.sender)
  const receiver = signedIn(pair.receiver)
  const inboxes: readonly Inbox[] = Array.from({ length: shape.sockets }, () => ({
    arrivals: new Map(),
    lastSequence: 0,
  }))
  let acknowledged = 0
  let isOver = false

  const open = async (inbox: Inbox): Promise<OpenSocket> => {
    const socket = await openSocket(receiver, {
      onDelivered: ({ key, sequence }) => {
        if (!inbox.arrivals.has(key)) inbox.arrivals.set(key, Date.now())
        inbox.lastSequence = Math.max(inbox.lastSequence, sequence)
        // An acknowledgement is for all sockets of a thin client: what one has yet to get is not acknowledged by another.
        const upTo = Math.min(...inboxes.map(({ lastSequence }) => lastSequence))
        if (upTo <= acknowledged) return
        acknowledged = upTo
        socket.send({ type: 'ack', up_to: upTo })
      },
    })
    return socket
  }
  const sockets = await Promise.all(inboxes.map(open))

  const reopen = async (everyMs: number) => {
    for (;;) {
      if (await waitUntil(() => isOver, everyMs)) return
      for (const [index, inbox] of inboxes.entries()) {
        sockets[index]?.close()
        sockets[index] = await open(inbox)
      }
    }
  }
  const reopening = options.reopenEveryMs ? reopen(options.reopenEveryMs) : null

  const intervalMs = (shape.pairs * 1_000) / shape.perSecond
  const count = Math.floor((shape.seconds * 1_000) / intervalMs)
  const begin = Date.now() + Math.random() * intervalMs
  const sent: { key: string; dueAt: number }[] = []
  const sending: Promise<void>[] = []
  for (let number = 0; number < count; number += 1) {
    const dueAt = begin + number * intervalMs
    await wait(dueAt - Date.now())
    const body = pair.sends.length > 0 ? pair.sends[number] : thinBody(pair.receiver.username, number)
    if (body === undefined) break
    const one = send(sender, body).then(key => {
      if (key !== null) sent.push({ key, dueAt })
    })
    sending.push(one)
  }
  await Promise.all(sending)

  const isComplete = () => inboxes.every(({ arrivals }) => sent.every(({ key }) => arrivals.has(key)))
  await waitUntil(isComplete, graceMs)
  isOver = true
  await reopening
  for (const socket of sockets) socket.close()
  for (const { arrivals } of inboxes) {
    for (const { key, dueAt } of sent) {
      const at = arrivals.get(key)
      if (at === undefined) messagesLost.add(1)
      else {
        deliveries.add(1)
        deliveryMs.add(at - dueAt)
      }
    }
  }
}
