// All sockets are cut at once, miss some messages, and come back within seconds: each must get what it has missed, while other
// sends go on. Full jitter, as clients have it.
import { Counter, Trend } from 'k6/metrics'
import { eachPair, named, ownPair } from '../parts/each-pair.js'
import { messagesLost } from '../parts/metrics.js'
import { send, thinBody } from '../parts/send.js'
import { preparedPairs, preparedShape } from '../parts/settings.js'
import { signedIn } from '../parts/signed-in.js'
import { type OpenSocket, openSocket } from '../parts/socket.js'
import { summarize } from '../parts/summary.js'
import { wait, waitUntil } from '../parts/wait.js'

const name = 'reconnect-storm'
const shape = preparedShape()
const pairs = preparedPairs()
const roundMs = 20_000
const rounds = Math.max(1, Math.floor((shape.seconds * 1_000) / roundMs))
const missed = 5
const awayMs = 4_000
const jitterMs = Math.min(5_000, shape.seconds * 1_000)
const retryMs = 1_000
const catchUpMs = 30_000

const socketsCaughtUp = new Counter('sockets_caught_up')
/** From the end of the outage until a socket has everything, with the jitter. */
const caughtUpMs = new Trend('caught_up_ms', true)

export const options = named(name, {
  scenarios: { [name]: eachPair(shape, (rounds * (roundMs + catchUpMs)) / 1_000) },
  thresholds: {
    sockets_caught_up: [`count==${shape.pairs * shape.sockets * rounds}`],
    caught_up_ms: [`max<${catchUpMs}`],
    messages_refused: ['count==0'],
    messages_lost: ['count==0'],
    sockets_dropped: ['count==0'],
    'http_req_duration{phase:storm}': [`p(99)<${1_000 * shape.slack}`],
  },
})

/** When the first storm begins, for all virtual users. */
export const setup = (): number => Date.now() + 2_000

export const handleSummary = summarize(name)

/** Opens a socket until it is let in and has these messages, or for 30 s; null where it is never let in. */
const comeBack = async (
  open: (onKey: (key: string) => void) => Promise<OpenSocket>,
  wanted: readonly string[],
): Promise<OpenSocket | null> => {
  const got = new Set<string>()
  const begun = Date.now()
  await wait(Math.random() * jitterMs)
  for (;;) {
    try {
      const socket = await open(key => got.add(key))
      const isCaughtUp = await waitUntil(() => wanted.every(key => got.has(key)), begun + catchUpMs - Date.now())
      if (isCaughtUp) {
        socketsCaughtUp.add(1)
        caughtUpMs.add(Date.now() - begun)
      }
      messagesLost.add(wanted.filter(key => !got.has(key)).length)
      return socket
    } catch {
      if (Date.now() - begun > catchUpMs) return null
      await wait(retryMs * (1 + Math.random())) // A server that lets few in at once sends the others away for a second.
    }
  }
}

export default async (firstAt: number): Promise<void> => {
  socketsCaughtUp.add(0) // A threshold on a metric without a sample would count as met.
  const pair = ownPair(pairs)
  const sender = signedIn(pair.sender)
  const [person] = pair.receivers
  if (!person) throw new Error('nobody was prepared')
  const receiver = signedIn(person)
  const sendOne = (number: number, phase: string) => send(sender, thinBody(person.username, number), { phase })
  let lastSequence = 0
  const open = (onKey: (key: string) => void) =>
    openSocket(receiver, {
      onDelivered: ({ key, sequence }) => {
        lastSequence = Math.max(lastSequence, sequence)
        onKey(key)
      },
    })
  const everySocket = Array.from({ length: shape.sockets })
  let sockets: (OpenSocket | null)[] = await Promise.all(everySocket.map(() => open(() => {})))
  for (let round = 0; round < rounds; round += 1) {
    const cutAt = firstAt + round * roundMs
    await wait(cutAt - Date.now())
    for (const socket of sockets) socket?.close()
    const wanted: string[] = []
    for (let number = 0; number < missed; number += 1) {
      const keyFor = await sendOne(number, 'away')
      if (keyFor) wanted.push(keyFor(null))
    }
    await wait(cutAt + awayMs - Date.now())
    let isOver = false
    const others = (async () => {
      for (let number = missed; !isOver; number += 1) {
        await sendOne(number, 'storm')
        await waitUntil(() => isOver, 1_000)
      }
    })()
    sockets = await Promise.all(everySocket.map(() => comeBack(open, wanted)))
    isOver = true
    await others
    // Only now, so that each had to be given all of it.
    sockets.find(socket => socket !== null)?.send({ type: 'ack', up_to: lastSequence })
  }
  for (const socket of sockets) socket?.close()
}
