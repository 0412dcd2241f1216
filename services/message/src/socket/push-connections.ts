import { closeCodes, type HintOf, limits } from '@qsm/contract'
import { connectionFramesFor } from '../connections/frames.js'
import { connectionChanges } from '../connections/missed.js'
import type { MessageContext } from '../context.js'
import type { OpenSockets } from './open-sockets.js'

/** A hint may have been lost. */
const pollMs = 10_000
/** A transaction, and the clock of another pod, may lag behind so far. */
const overlapMs = 20_000
/** What was told is remembered for as long as a poll may find it. */
const rememberedMs = 2 * (pollMs + overlapMs)

/**
 * Tells sockets of requests for a connection and of answers, as hints come. Every 10 s it looks for those of which no hint
 * came, and tells the sockets that were open then; one that opened later has asked for how its connections stand. Returns
 * the function that ends it.
 */
export const pushConnections = (
  { bus, clock, database, log }: Pick<MessageContext, 'bus' | 'clock' | 'database' | 'log'>,
  open: OpenSockets,
): (() => void) => {
  /** When somebody was last told of a request or its answer. Where clocks of pods differ somebody is told twice, without harm. */
  const toldAt = new Map<string, number>()
  const keyOf = ({ user_id, request_id }: Omit<HintOf<'connection'>, 'kind'>) => `${user_id}/${request_id}`

  const push = async (hint: Omit<HintOf<'connection'>, 'kind'>, openedBefore: number) => {
    toldAt.set(keyOf(hint), clock.now())
    for (const { socket, address, openedAt } of open.ofUser(hint.user_id)) {
      if (openedAt > openedBefore) continue
      const frames = await connectionFramesFor(database, hint, address?.deviceId ?? null, clock.now())
      // Who does not read these either comes back and asks for how its connections stand.
      if (socket.bufferedBytes >= limits.maxBufferedBytes) socket.close(closeCodes.slowConsumer)
      for (const frame of frames) socket.sendText(JSON.stringify(frame))
    }
  }
  const onError = (error: unknown) => log.warn({ err: error }, 'a connection update was not pushed')

  let lookedAt = clock.now()
  const look = async () => {
    const now = clock.now()
    for (const [key, at] of toldAt) if (at < now - rememberedMs) toldAt.delete(key)
    const changes = await connectionChanges(database, lookedAt - overlapMs)
    lookedAt = now
    for (const { hint, at } of changes) {
      const told = toldAt.get(keyOf(hint))
      if (open.isOnline(hint.user_id) && (told === undefined || told < at)) await push(hint, at)
    }
  }
  // A pod that is alone loses no hint.
  const poll = bus.state === 'not_configured' ? null : setInterval(() => void look().catch(onError), pollMs).unref()
  const unsubscribe = bus.subscribe('connection', hint => void push(hint, Number.POSITIVE_INFINITY).catch(onError))
  return () => {
    if (poll) clearInterval(poll)
    unsubscribe()
  }
}
