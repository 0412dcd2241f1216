import { closeCodes, limits } from '@qsm/contract'
import { type ConnectionChange, connectionChanges } from '../connections/changes.js'
import { connectionFramesFor } from '../connections/frames.js'
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
  // A pod that is alone loses no hint.
  const mayMiss = bus.state !== 'not_configured'
  /**
   * When those with sockets here were last told of a request or its answer. Where clocks of pods differ somebody is told
   * twice, without harm.
   */
  const toldAt = new Map<string, number>()
  const keyOf = ({ user_id, request_id }: ConnectionChange['hint']) => `${user_id}/${request_id}`

  const push = async (hint: ConnectionChange['hint'], openedBefore: number) => {
    const begunAt = clock.now()
    for (const { socket, address, openedAt } of open.ofUser(hint.user_id)) {
      if (openedAt > openedBefore) continue
      const frames = await connectionFramesFor(database, hint, address?.deviceId ?? null, clock.now())
      // Who does not read these either comes back and asks for how its connections stand.
      if (socket.bufferedBytes >= limits.maxBufferedBytes) socket.close(closeCodes.slowConsumer)
      for (const frame of frames) socket.sendText(JSON.stringify(frame))
    }
    // Only now: what could not be read is found by the next look.
    if (mayMiss && open.isOnline(hint.user_id)) toldAt.set(keyOf(hint), begunAt)
  }
  const onError = (error: unknown) => log.warn({ err: error }, 'a connection update was not pushed')

  let lookedAt = clock.now()
  const look = async () => {
    const now = clock.now()
    for (const [key, at] of toldAt) if (at < now - rememberedMs) toldAt.delete(key)
    for (const { hint, at } of await connectionChanges(database, lookedAt - overlapMs)) {
      const told = toldAt.get(keyOf(hint))
      if (open.isOnline(hint.user_id) && (told === undefined || told < at)) await push(hint, at)
    }
    lookedAt = now
  }
  const poll = mayMiss ? setInterval(() => void look().catch(onError), pollMs).unref() : null
  const unsubscribe = bus.subscribe('connection', hint => void push(hint, Number.POSITIVE_INFINITY).catch(onError))
  return () => {
    if (poll) clearInterval(poll)
    unsubscribe()
  }
}
