import { encodeBase64 } from '@qsm/contract'
import {
  type Algorithms,
  type Content,
  encodeOwnCopy,
  encrypt,
  envelopeTypes,
  kinds,
  replaceEntry,
  sealBodyApart,
  sendingEntry,
} from '@qsm/protocol'
import type { Api } from './api.js'
import type { Connector } from './connect.js'
import { readDevice } from './device.js'
import { QsmClientError } from './errors.js'
import { idFromBytes, idToBytes, newIdBytes } from './ids.js'
import { identityChanged, learnPeer, peerByName, readPeer, recordOf, unacceptedDevices } from './peers.js'
import { readSessions, wipeSessions, writeSessions } from './sessions.js'
import { type Account, getJson, keys, nextNumber, type Peer, putJson, readJson } from './state.js'
import type { Store, StoreTransaction } from './store.js'

/** What waits to be answered by the server: sealed, and the text by which it can be sealed again. */
interface Outgoing {
  readonly messageId: string
  readonly toUserId: string
  readonly text: string
  readonly sealed: { readonly envelopes: readonly string[]; readonly body: string | null }
}

export interface Sender {
  /** Resolves when the server has stored the message. */
  send(username: string, text: string): Promise<{ readonly messageId: string }>
  /** Sends what an earlier run left in the queue. */
  flush(): Promise<void>
}

const maxTextBytes = 65_536
const maxRounds = 4
/** How long a send waits for a server that does not answer, before it leaves the message in the queue. */
const patienceMs = 60_000
const maxPauseMs = 3_000
const encoder = new TextEncoder()

interface Target {
  readonly userId: string
  readonly deviceId: number
  readonly record: ReturnType<typeof recordOf>
  readonly isOwn: boolean
}

export const createSender = (store: Store, algorithms: Algorithms, api: Api, connector: Connector): Sender => {
  const ownPeer = async (transaction: StoreTransaction): Promise<Peer | null> => {
    const account = await getJson<Account>(transaction, keys.account)
    return account ? readPeer(transaction, account.userId) : null
  }

  /** Every device of the receiver and the own other ones. A device that was not accepted stops everything. */
  const targetsOf = async (transaction: StoreTransaction, peer: Peer): Promise<readonly Target[]> => {
    const local = await readDevice(transaction)
    const own = await ownPeer(transaction)
    for (const one of own ? [peer, own] : [peer]) if (unacceptedDevices(one).length > 0) throw identityChanged(one)
    const toTarget = (one: Peer, isOwn: boolean) => (device: Peer['devices'][number]) => ({
      userId: one.userId,
      deviceId: device.deviceId,
      record: recordOf(device),
      isOwn,
    })
    const others = (own?.devices ?? []).filter(device => device.deviceId !== local.device)
    return [...peer.devices.map(toTarget(peer, false)), ...(own ? others.map(toTarget(own, true)) : [])]
  }

  /** Devices among the targets with which no session is in use, by user. */
  const withoutSession = (peer: Peer) =>
    store.exclusive(async transaction => {
      const missing: Target[] = []
      for (const target of await targetsOf(transaction, peer)) {
        if (!sendingEntry(await readSessions(transaction, target.userId, target.deviceId))) missing.push(target)
      }
      return missing
    })

  const ensureSessions = async (peer: Peer): Promise<void> => {
    const missing = await withoutSession(peer)
    const ofPeer = missing.filter(target => !target.isOwn)
    if (ofPeer.length > 0 && ofPeer.length === peer.devices.length) {
      throw new QsmClientError('no_session', `There is no session with ${peer.username} yet: ask (qsm request ${peer.username}) or start (qsm start ${peer.username}).`)
    }
    await connector.startMissing(peer, ofPeer.map(target => target.deviceId))
    const own = missing.filter(target => target.isOwn)
    const me = own.length > 0 ? await store.exclusive(ownPeer) : null
    if (me) await connector.startMissing(me, own.map(target => target.deviceId))
  }

  const seal = async (transaction: StoreTransaction, peer: Peer, messageId: string, text: string): Promise<Outgoing> => {
    const local = await readDevice(transaction)
    const targets = await targetsOf(transaction, peer)
    const msgId = idToBytes(messageId)
    const plain: Content = { kind: kinds.text, content: encoder.encode(text) }
    const apart = targets.length > 1 ? await sealBodyApart(algorithms, msgId, plain) : null
    const content = apart?.content ?? plain
    const envelopes: string[] = []
    for (const target of targets) {
      const entries = await readSessions(transaction, target.userId, target.deviceId)
      const entry = sendingEntry(entries)
      if (!entry) throw new QsmClientError('no_session', `There is no session with a device of ${peer.username}.`)
      const inner = target.isOwn ? encodeOwnCopy(idToBytes(peer.userId), content) : content
      const outgoing = { type: envelopeTypes.message, msgId, content: inner }
      const sent = await encrypt(algorithms, local, target.record, entry.session, outgoing)
      writeSessions(transaction, target.userId, target.deviceId, replaceEntry(entries, { ...entry, session: sent.session }))
      wipeSessions(entries)
      envelopes.push(encodeBase64(sent.envelope))
    }
    return { messageId, toUserId: peer.userId, text, sealed: { envelopes, body: apart ? encodeBase64(apart.body) : null } }
  }

  const post = ({ messageId, sealed }: Outgoing) =>
    api.call('POST', '/api/message/send', {
      client_message_id: messageId,
      envelopes: sealed.envelopes,
      ...(sealed.body === null ? {} : { body: sealed.body }),
    })

  /** Nothing was stored: learn the devices as they are now, seal again under the same id. */
  const sealAgain = async (key: string, outgoing: Outgoing): Promise<Outgoing> => {
    const known = await store.exclusive(transaction => readPeer(transaction, outgoing.toUserId))
    const account = await store.exclusive(transaction => getJson<Account>(transaction, keys.account))
    if (!known || !account) throw new QsmClientError('not_logged_in', 'Log in again.')
    const peer = await learnPeer(store, algorithms, api, known.username)
    await learnPeer(store, algorithms, api, account.username)
    await ensureSessions(peer)
    return store.exclusive(async transaction => {
      const again = await seal(transaction, peer, outgoing.messageId, outgoing.text)
      putJson(transaction, key, again)
      return again
    })
  }

  /** Repeats a call that was not answered: the same id gives the first answer, so nothing is stored twice. */
  const postPatiently = async (outgoing: Outgoing): Promise<void> => {
    const until = algorithms.now() + patienceMs
    for (let attempt = 0; ; attempt += 1) {
      try {
        await post(outgoing)
        return
      } catch (error) {
        if (!(error instanceof QsmClientError) || !error.isTransient || algorithms.now() >= until) throw error
        const pauseMs = Math.random() * Math.min(maxPauseMs, 100 * 2 ** attempt)
        await new Promise(resolve => setTimeout(resolve, pauseMs))
      }
    }
  }

  const deliver = async (key: string, first: Outgoing): Promise<void> => {
    let outgoing = first
    for (let round = 0; ; round += 1) {
      try {
        await postPatiently(outgoing)
        break
      } catch (error) {
        const isMismatch = error instanceof QsmClientError && error.code === 'device_mismatch'
        if (isMismatch && round < maxRounds) {
          outgoing = await sealAgain(key, outgoing)
          continue
        }
        // What the server has judged is not sent again; what it did not answer stays in the queue.
        if (error instanceof QsmClientError && !error.isTransient) await store.exclusive(async transaction => transaction.delete(key))
        throw error
      }
    }
    await store.exclusive(async transaction => transaction.delete(key))
  }

  return {
    async send(username, text) {
      if (encoder.encode(text).length > maxTextBytes) {
        throw new QsmClientError('too_long', `A text has at most ${maxTextBytes} bytes in UTF-8.`)
      }
      const peer = await store.exclusive(transaction => peerByName(transaction, username))
      if (!peer) {
        throw new QsmClientError('no_session', `There is no session with ${username} yet: ask (qsm request ${username}) or start (qsm start ${username}).`)
      }
      await ensureSessions(peer)
      const messageId = idFromBytes(newIdBytes(algorithms.now(), algorithms.randomBytes))
      const { key, outgoing } = await store.exclusive(async transaction => {
        const position = await nextNumber(transaction, 'outbox')
        const sealed = await seal(transaction, peer, messageId, text)
        putJson(transaction, keys.outgoing(position), sealed)
        return { key: keys.outgoing(position), outgoing: sealed }
      })
      await deliver(key, outgoing)
      return { messageId }
    },
    async flush() {
      const waiting = await store.exclusive(transaction => transaction.list(keys.outbox))
      for (const [key, bytes] of waiting) await deliver(key, readJson<Outgoing>(bytes))
    },
  }
}

