import { listConnections } from '@qsm/contract'
import type { Algorithms } from '@qsm/protocol'
import type { StoredAccount } from './account/stored-account.js'
import type { ClientParts, Surroundings } from './client-parts.js'
import { createAnswerer, isManagedRequest, type PendingRequest } from './connect/answer.js'
import { createRequester } from './connect/request.js'
import { createStarter } from './connect/start.js'
import { createAnswerTaker } from './connect/take-answers.js'
import { refillPrekeys } from './device/prekeys.js'
import { presentDevice } from './device/present-device.js'
import { hasCode, isTransient } from './errors.js'
import { createEmitter } from './events.js'
import { createApi } from './http/api.js'
import { createHttpClient } from './http/http-client.js'
import { createTokens } from './http/tokens.js'
import { createLive, type Live } from './live/live.js'
import { createSigns } from './live/signs.js'
import { platformSocket } from './live/socket-like.js'
import { maintain } from './maintain.js'
import { createPeerDirectory } from './peers/learn-peer.js'
import { createHandOut } from './receive/hand-out.js'
import { createInbox } from './receive/inbox.js'
import { createMailbox } from './receive/mailbox.js'
import { createDelivery } from './send/deliver.js'
import { createPost } from './send/post.js'
import { createReach } from './send/reach.js'
import { createSender } from './send/sender.js'

const defaultPatienceMs = 60_000

/** These are told elsewhere: by `state`, by `identity-changed`, or by the call of the application that closed the client. */
const isExpected = (error: unknown): boolean =>
  isTransient(error) || hasCode(error, 'closed', 'queued', 'not_logged_in', 'identity_changed')

/** Puts the parts of a client together. Nothing runs yet. */
export const assembleClient = (account: StoredAccount, algorithms: Algorithms, given: Surroundings): ClientParts => {
  const { store } = given
  const emitter = createEmitter()
  const faultUnlessExpected = (error: unknown) => {
    if (!isExpected(error)) emitter.fault(error)
  }
  const signs = createSigns()
  const http = createHttpClient({ url: account.url, fetch: given.fetch, timeoutMs: given.timeoutMs })
  const tokens = createTokens({ http, store, now: algorithms.now, onEnded: signs.give })
  const api = createApi(http, tokens, plain => presentDevice(store, algorithms, plain, account.userId))
  const directory = createPeerDirectory({
    store,
    algorithms,
    api,
    onIdentityChanged: change => emitter.emit('identity-changed', change),
  })
  const answers = createAnswerTaker(store, algorithms, directory)
  const answerer = createAnswerer(store, algorithms, api, directory)
  const starter = createStarter(store, algorithms, api, directory)
  const reach = createReach({ store, algorithms, api, directory, starter, answers })
  const post = createPost(api, outgoing => live.post(outgoing))
  const sender = createSender({
    store,
    algorithms,
    ownUsername: account.username,
    reach,
    delivery: createDelivery({ store, algorithms, reach, post }),
    patienceMs: given.patienceMs ?? defaultPatienceMs,
    onLateOutcome: outcome => emitter.emit('late-outcome', outcome),
    onFault: faultUnlessExpected,
  })

  const background = new Set<Promise<void>>()
  const inBackground = (work: () => Promise<unknown>) => {
    const running: Promise<void> = work()
      .then(() => {}, faultUnlessExpected)
      .finally(() => background.delete(running))
    background.add(running)
  }
  const mailbox = createMailbox({
    store,
    algorithms,
    api,
    directory,
    answers,
    events: {
      onMessages: signs.give,
      onQuarantined: event => emitter.emit('undecryptable', event),
      onGap: gap => emitter.emit('gap', gap),
      onReset: reset => emitter.emit('mailbox-reset', reset),
      onControlAdvised: username => inBackground(() => sender.sendControl(username)),
      onTold({ peer, sender }, told) {
        if (told.kind === 'session-ended') {
          emitter.emit('session-ended', { username: peer.username, deviceId: sender.deviceId })
          return
        }
        const { kind, message_ids: messageIds } = told.receipt
        emitter.emit('receipt', { from: peer.username, kind, messageIds })
      },
      onPrekeyUsed: () => inBackground(() => refillPrekeys(store, algorithms, api, given.prekeys)),
    },
  })

  const announced = new Set<string>()
  const announce = (request: Omit<PendingRequest, 'managed'>) => {
    if (announced.has(request.request_id)) return
    announced.add(request.request_id)
    const from = request.sender_username
    emitter.emit('request', {
      id: request.request_id,
      from,
      fromUserId: request.sender_id,
      expiresAt: new Date(request.expires_at),
      managed: isManagedRequest(request),
      accept: () => answerer.accept(from),
      reject: () => answerer.reject(from),
    })
  }
  const lookAtConnections = async (signal?: AbortSignal): Promise<void> => {
    for (const request of await answerer.pending(signal)) announce(request)
    if (await answers.isWaiting()) await answers.take((await api.call(listConnections, { signal })).connections)
    signs.give()
  }
  const keepUp = () => maintain({ store, algorithms, api, prekeys: given.prekeys })

  const live: Live = createLive({
    store,
    algorithms,
    api,
    openSocket: given.openSocket ?? platformSocket,
    events: {
      async onReady({ cursor, epoch, device_id }) {
        if (device_id === null) await presentDevice(store, algorithms, api, account.userId)
        const kept = await mailbox.meetEpoch(epoch)
        // Kept before the connection was lost, but not acknowledged then.
        if (kept > cursor) live.acknowledge(kept)
        sender.online()
        inBackground(() => lookAtConnections())
      },
      onDelivered: mailbox.take,
      onFrame(frame) {
        if (frame.type === 'connection_request') announce(frame)
        if (frame.type === 'backlog_end') inBackground(keepUp)
        if (frame.type !== 'session_update') return
        emitter.emit('session-update', { username: frame.peer_username, state: frame.state })
        inBackground(() => lookAtConnections())
      },
      async onPoll(signal) {
        await lookAtConnections(signal)
        await mailbox.pull(signal)
        sender.online()
        await keepUp()
      },
      onFault: faultUnlessExpected,
      onState(state, reason) {
        emitter.emit('state', state, reason)
        if (state === 'stopped') signs.give()
      },
    },
  })
  let isEnded = false
  const handOut = createHandOut({
    store,
    inbox: createInbox(store),
    signs,
    // The sender of a critical message waits for this; one that cannot be told holds nobody up.
    onDone: async ({ id, from, importance, isMine }) => {
      if (importance === 'critical' && !isMine) {
        await sender.tell(from, { type: 'receipt', kind: 'read', message_ids: [id] }).catch(faultUnlessExpected)
      }
    },
    ended: () => {
      if (live.stopped) throw live.stopped
      return isEnded
    },
  })
  return {
    account,
    store,
    algorithms,
    api,
    emitter,
    signs,
    directory,
    requester: createRequester(store, algorithms, api, directory),
    answerer,
    answers,
    starter,
    sender,
    mailbox,
    handOut,
    live,
    refillPrekeys: () => refillPrekeys(store, algorithms, api, given.prekeys),
    async settled() {
      isEnded = true
      signs.give()
      await Promise.all(background)
    },
  }
}
