import type { Pair, Shape } from '../prepared.js'
import { deliveries, deliveryMs, messagesLost, messagesSent } from './metrics.js'
import { type KeyFor, send, thinBody } from './send.js'
import { type SignedIn, signedIn } from './signed-in.js'
import { type OpenSocket, openSocket } from './socket.js'
import { wait, waitUntil } from './wait.js'

/** How long after the last send a delivery may come, before it counts as lost. */
const graceMs = 10_000
const retryMs = 1_000

/** What one socket has got: times of arrival by key. A message may come again after a socket came back. */
interface Inbox {
  readonly owner: SignedIn
  deviceId: number | null
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
  const receiverName = pair.receivers[0]?.username ?? ''
  const owners = pair.receivers.map(signedIn)
  const inboxes: readonly Inbox[] = Array.from({ length: shape.sockets }, (_, index) => ({
    owner: owners[index % owners.length] as SignedIn,
    deviceId: null,
    arrivals: new Map(),
    lastSequence: 0,
  }))
  const acknowledged = new Map<SignedIn, number>()
  let isOver = false

  const open = async (inbox: Inbox): Promise<OpenSocket> => {
    const ofOwner = inboxes.filter(({ owner }) => owner === inbox.owner)
    const socket = await openSocket(inbox.owner, {
      onDelivered: ({ key, sequence }) => {
        if (!inbox.arrivals.has(key)) inbox.arrivals.set(key, Date.now())
        inbox.lastSequence = Math.max(inbox.lastSequence, sequence)
        // An acknowledgement is for all sockets of a thin client: what one has yet to get is not acknowledged by another.
        const upTo = Math.min(...ofOwner.map(({ lastSequence }) => lastSequence))
        if (upTo <= (acknowledged.get(inbox.owner) ?? 0)) return
        acknowledged.set(inbox.owner, upTo)
        socket.send({ type: 'ack', up_to: upTo })
      },
    })
    inbox.deviceId = socket.deviceId
    return socket
  }
  const sockets = await Promise.all(inboxes.map(open))

  const reopen = async (everyMs: number) => {
    for (let waitMs = everyMs; !(await waitUntil(() => isOver, waitMs)); ) {
      try {
        for (const [index, inbox] of inboxes.entries()) {
          sockets[index]?.close()
          sockets[index] = await open(inbox)
        }
        waitMs = everyMs
      } catch {
        waitMs = retryMs // It is counted in sockets_refused.
      }
    }
  }
  const reopening = options.reopenEveryMs ? reopen(options.reopenEveryMs) : null

  const intervalMs = (shape.pairs * 1_000) / shape.perSecond
  const count = Math.floor((shape.seconds * 1_000) / intervalMs)
  const begin = Date.now() + Math.random() * intervalMs
  const sent: { keyFor: KeyFor; dueAt: number }[] = []
  const sending: Promise<void>[] = []
  for (let number = 0; number < count; number += 1) {
    const dueAt = begin + number * intervalMs
    await wait(dueAt - Date.now())
    const body = pair.sends.length > 0 ? pair.sends[number] : thinBody(receiverName, number)
    if (body === undefined) break
    const one = send(sender, body).then(keyFor => {
      if (keyFor) sent.push({ keyFor, dueAt })
    })
    sending.push(one)
  }
  await Promise.all(sending)

  const isComplete = () =>
    inboxes.every(({ arrivals, deviceId }) => sent.every(({ keyFor }) => arrivals.has(keyFor(deviceId))))
  await waitUntil(isComplete, graceMs)
  isOver = true
  await reopening
  for (const socket of sockets) socket.close()
  for (const { arrivals, deviceId } of inboxes) {
    for (const { keyFor, dueAt } of sent) {
      const at = arrivals.get(keyFor(deviceId))
      if (at === undefined) messagesLost.add(1)
      else {
        deliveries.add(1)
        deliveryMs.add(at - dueAt)
      }
    }
  }
}
