import type { Algorithms } from '@qsm/protocol'
import type { StoredAccount } from './account/stored-account.js'
import type { Answerer } from './connect/answer.js'
import type { Requester } from './connect/request.js'
import type { Starter } from './connect/start.js'
import type { AnswerTaker } from './connect/take-answers.js'
import type { Emitter } from './events.js'
import type { Api } from './http/api.js'
import type { Fetch } from './http/http-client.js'
import type { Live } from './live/live.js'
import type { Signs } from './live/signs.js'
import type { OpenSocket } from './live/socket-like.js'
import type { PeerDirectory } from './peers/learn-peer.js'
import type { HandOut } from './receive/hand-out.js'
import type { Mailbox } from './receive/mailbox.js'
import type { Sender } from './send/sender.js'
import type { Store } from './store/store.js'

/** What a client is made with, beside its account. */
export interface Surroundings {
  readonly store: Store
  /** Requests; by default those of the platform. */
  readonly fetch?: Fetch | undefined
  /** How sockets are opened; by default as the platform does, with a ticket. */
  readonly openSocket?: OpenSocket | undefined
  /** How many one-time prekeys are kept at the server, 1 to 100; 100 by default. */
  readonly prekeys?: number | undefined
  /** How long `send` waits for the server before it rejects with `queued`, ms; 60 000 by default. */
  readonly patienceMs?: number | undefined
  /** How long a request may take, ms; 15 000 by default. */
  readonly timeoutMs?: number | undefined
}

export interface ClientParts {
  readonly account: StoredAccount
  readonly store: Store
  readonly algorithms: Algorithms
  readonly api: Api
  readonly emitter: Emitter
  readonly signs: Signs
  readonly directory: PeerDirectory
  readonly requester: Requester
  readonly answerer: Answerer
  readonly answers: AnswerTaker
  readonly starter: Starter
  readonly sender: Sender
  readonly mailbox: Mailbox
  readonly handOut: HandOut
  readonly live: Live
  refillPrekeys(): Promise<void>
  /** Resolves when work in the background has ended. */
  settled(): Promise<void>
}
