import { listConnections } from '@qsm/contract'
import type { Algorithms } from '@qsm/protocol'
import { readAccount } from '../account/stored-account.js'
import type { Starter } from '../connect/start.js'
import type { AnswerTaker } from '../connect/take-answers.js'
import { readDevice } from '../device/own-device.js'
import { IdentityChangedError, QsmClientError } from '../errors.js'
import type { Api } from '../http/api.js'
import { notLoggedIn } from '../http/tokens.js'
import type { PeerDirectory } from '../peers/learn-peer.js'
import { activeDevices, type Peer, readPeer, readPeerByName, unacceptedDevices } from '../peers/peer.js'
import { canSendTo } from '../peers/peer-states.js'
import type { Store } from '../store/store.js'

/** Sees to it that there is a session with every device that a message goes to. */
export interface Reach {
  /** Throws `no_session`, `no_prekeys`, `identity_changed`. */
  ensure(username: string): Promise<void>
  /** Learns the devices of both sides as the server lists them now, then the same. */
  relearn(username: string): Promise<void>
}

const noSession = (username: string, state: string | undefined): QsmClientError => {
  const ways = `client.connect('${username}') or client.start('${username}'); qsm request ${username} or qsm start ${username}`
  const texts: Readonly<Record<string, string>> = {
    requested: `${username} has not accepted the request yet: wait for it, or begin without (client.start, qsm start).`,
    rejected: `${username} has rejected the request: ask again (client.connect, qsm request).`,
    blocked: `${username} is blocked: lift the block first.`,
  }
  return new QsmClientError('no_session', texts[state ?? ''] ?? `There is no connection with ${username} yet: ${ways}.`)
}

export const createReach = (options: {
  readonly store: Store
  readonly algorithms: Algorithms
  readonly api: Api
  readonly directory: PeerDirectory
  readonly starter: Starter
  readonly answers: AnswerTaker
}): Reach => {
  const { store, api, directory, starter, answers } = options

  const look = (username: string) =>
    store.exclusive(async transaction => {
      const account = await readAccount(transaction)
      const local = await readDevice(transaction)
      if (!account) throw notLoggedIn()
      const peer = await readPeerByName(transaction, username)
      const own = await readPeer(transaction, account.userId)
      const missingOf = async (user: Peer | null): Promise<readonly number[]> => {
        const missing: number[] = []
        for (const { deviceId } of user ? activeDevices(user) : []) {
          const isThis = user?.userId === account.userId && deviceId === local.device
          if (!isThis && user && !(await canSendTo(transaction, { userId: user.userId, deviceId })))
            missing.push(deviceId)
        }
        return missing
      }
      return { peer, own, ofPeer: await missingOf(peer), ofOwn: await missingOf(own) }
    })

  /** A user with whom this device has no session at all: another own device may have connected. */
  const meet = async (username: string): Promise<void> => {
    const { connections } = await api.call(listConnections, {})
    await answers.take(connections)
    const found = connections.find(one => one.peer_username.toLowerCase() === username.toLowerCase())
    if (found?.state !== 'open' && found?.state !== 'started') throw noSession(username, found?.state)
    await directory.learn(found.peer_username)
  }

  const checkAccepted = (user: Peer | null, isOwn: boolean) => {
    const waiting = user ? unacceptedDevices(user) : []
    if (user && waiting.length > 0) throw new IdentityChangedError(user.username, waiting, isOwn)
  }

  const ensure = async (username: string): Promise<void> => {
    let found = await look(username)
    const isStranger = !found.peer || found.ofPeer.length === activeDevices(found.peer).length
    if (isStranger) {
      await meet(username)
      found = await look(username)
    }
    const { peer, own, ofPeer, ofOwn } = found
    if (!peer || activeDevices(peer).length === 0) throw noSession(username, undefined)
    checkAccepted(peer, false)
    checkAccepted(own, true)
    await starter.start(peer, ofPeer)
    if (own) await starter.start(own, ofOwn)
  }

  return {
    ensure,
    async relearn(username) {
      const account = await store.exclusive(readAccount)
      if (!account) throw notLoggedIn()
      await directory.learn(username)
      await directory.learn(account.username)
      await ensure(username)
    },
  }
}
