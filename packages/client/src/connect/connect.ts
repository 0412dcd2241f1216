import { listConnections } from '@qsm/contract'
import type { ClientParts } from '../client-parts.js'
import { QsmClientError } from '../errors.js'
import { activeDevices, readPeerByName } from '../peers/peer.js'
import { canSendTo } from '../peers/peer-states.js'
import { type OwnRequest, readOwnRequests } from './request.js'

/** A user to whom can be sent. */
export interface Connected {
  readonly username: string
  readonly userId: string
}

const sameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

const look = ({ store, algorithms }: ClientParts, username: string) =>
  store.exclusive(async transaction => {
    const peer = await readPeerByName(transaction, username)
    let hasSession = false
    for (const { deviceId } of peer ? activeDevices(peer) : []) {
      hasSession ||= await canSendTo(transaction, { userId: (peer as Connected).userId, deviceId })
    }
    const waiting = (await readOwnRequests(transaction)).filter(
      own => sameName(own.username, username) && own.expiresAt > algorithms.now(),
    )
    return { peer, hasSession, waiting }
  })

const stateOf = async ({ api, answers }: ClientParts, username: string): Promise<string | undefined> => {
  const { connections } = await api.call(listConnections, {})
  await answers.take(connections)
  return connections.find(one => sameName(one.peer_username, username))?.state
}

/** Waits until the answer to a request was taken. */
const untilAnswered = async (parts: ClientParts, own: OwnRequest, signal: AbortSignal | undefined): Promise<void> => {
  const { username } = own
  parts.live.begin()
  for (;;) {
    const seen = parts.signs.count()
    const { hasSession, waiting } = await look(parts, username)
    if (!waiting.some(other => other.requestId === own.requestId)) {
      if (hasSession) return
      const state = await stateOf(parts, username)
      if (state === 'rejected') throw new QsmClientError('rejected', `${username} has rejected the request.`)
      throw new QsmClientError('expired', `The request to ${username} is over: ask again.`)
    }
    if (parts.live.stopped) throw parts.live.stopped
    signal?.throwIfAborted()
    await parts.signs.after(seen, signal)
  }
}

/** Asks a user, or goes on with a request that waits, and waits for the answer. At once where the connection is open. */
export const connectWith = async (parts: ClientParts, username: string, signal?: AbortSignal): Promise<Connected> => {
  const state = await stateOf(parts, username)
  const before = await look(parts, username)
  if (!(state === 'open' && before.hasSession)) {
    const own = before.waiting[0] ?? (await parts.requester.ask(username))
    await untilAnswered(parts, own, signal)
  }
  const { peer } = await look(parts, username)
  return { username: peer?.username ?? username, userId: peer?.userId ?? '' }
}

/** Begins sessions with all devices of a user by their prekeys. */
export const startWith = async (parts: ClientParts, username: string): Promise<Connected> => {
  const peer = await parts.directory.learn(username)
  const devices = activeDevices(peer)
  if (devices.length === 0) {
    throw new QsmClientError('no_prekeys', `${username} has no device yet: nothing can be sealed for anybody.`)
  }
  await parts.starter.start(
    peer,
    devices.map(({ deviceId }) => deviceId),
  )
  return { username: peer.username, userId: peer.userId }
}
