// Sockets on which nothing comes: each is let in, answers the server's pings, and still answers at the end.
import { Counter, Trend } from 'k6/metrics'
import { eachPair, named, ownPair } from '../parts/each-pair.js'
import { socketsOpened } from '../parts/metrics.js'
import { preparedPairs, preparedShape } from '../parts/settings.js'
import { signedIn } from '../parts/signed-in.js'
import { type OpenSocket, openSocket } from '../parts/socket.js'
import { summarize } from '../parts/summary.js'
import { wait, waitUntil } from '../parts/wait.js'

const name = 'idle-sockets'
const shape = preparedShape()
const pairs = preparedPairs()
const all = shape.pairs * shape.sockets
/** How many one person opens at the same time. */
const atOnce = 10
const answerWaitMs = 10_000

const socketsAnswered = new Counter('sockets_answered')
const pongMs = new Trend('pong_ms', true)

export const options = named(name, {
  scenarios: { [name]: eachPair(shape) },
  thresholds: {
    sockets_opened: [`count==${all}`],
    sockets_refused: ['count==0'],
    sockets_dropped: ['count==0'],
    sockets_answered: [`count==${all}`],
    socket_ready_ms: [`p(95)<${1_000 * shape.slack}`],
    pong_ms: [`p(95)<${1_000 * shape.slack}`],
  },
})

export const handleSummary = summarize(name)

export default async (): Promise<void> => {
  socketsOpened.add(0) // A threshold on a metric without a sample would count as met.
  socketsAnswered.add(0)
  const person = signedIn(ownPair(pairs).sender)
  const sockets: OpenSocket[] = []
  let askedAt = 0
  let answered = 0
  const onFrame = (type: string) => {
    if (type !== 'pong') return
    answered += 1
    socketsAnswered.add(1)
    pongMs.add(Date.now() - askedAt)
  }
  while (sockets.length < shape.sockets) {
    const count = Math.min(atOnce, shape.sockets - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: count }, () => openSocket(person, { onFrame })))))
  }
  await wait(shape.seconds * 1_000)
  askedAt = Date.now()
  for (const socket of sockets) socket.send({ type: 'ping' })
  await waitUntil(() => answered === sockets.length, answerWaitMs)
  for (const socket of sockets) socket.close()
}
