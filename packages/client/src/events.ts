import type { LiveState } from './live/live.js'
import type { IdentityChange } from './peers/learn-peer.js'
import type { Message } from './receive/message.js'
import type { LateOutcome } from './send/sender.js'

/** A request that waits for an answer of this user. */
export interface IncomingRequest {
  readonly id: string
  readonly from: string
  readonly fromUserId: string
  readonly expiresAt: Date
  /** Made by the server for a thin client: whoever runs the server could read what is said there. */
  readonly managed: boolean
  accept(): Promise<void>
  reject(): Promise<void>
}

export interface ClientEvents {
  /** Somebody asks for a connection; once in a run for each request that is not answered. */
  request: (request: IncomingRequest) => unknown
  /**
   * A message, in order. Once its handlers have returned (or what they returned has resolved) it is done and does not come
   * again. Instead of `client.messages()`, not beside it.
   */
  message: (message: Message) => unknown
  /** A connection changed: accepted, rejected, open. */
  'session-update': (update: { readonly username: string; readonly state: string }) => unknown
  /** A known user, or the own account, has a new device or another key: nothing is sent there until it is accepted. */
  'identity-changed': (change: IdentityChange) => unknown
  /** Messages to a user were delivered there, or read: of a thin client's device, or one that its sender called critical. */
  receipt: (receipt: {
    readonly from: string
    readonly kind: 'delivered' | 'read'
    readonly messageIds: readonly string[]
  }) => unknown
  /** A user has ended the sessions of one device, and both sides have destroyed their keys: connect anew before sending. */
  'session-ended': (end: { readonly username: string; readonly deviceId: number }) => unknown
  /** An envelope that could not be opened; it stays in quarantine. */
  undecryptable: (report: { readonly reason: string; readonly sequence: number }) => unknown
  /** Messages between these places of the mailbox are gone from the server: retention, or deleted by an own device. */
  gap: (gap: { readonly after: number; readonly next: number }) => unknown
  /** The mailbox counts anew, as after a restore of the server; it is read again from the start. */
  'mailbox-reset': (reset: { readonly epoch: number }) => unknown
  /** How a message of the queue ended for which nobody waits, such as one of an earlier run. */
  'late-outcome': (outcome: LateOutcome) => unknown
  state: (state: LiveState, reason?: string) => unknown
  /** A fault in the background. Without a handler it is written to the console. */
  error: (error: Error) => unknown
}

export type EventName = keyof ClientEvents

type Handlers = { [E in EventName]?: Set<ClientEvents[E]> }

/** Handlers by name. One that throws is reported as `error` and does not keep the others from their turn. */
export interface Emitter {
  on<E extends EventName>(name: E, handler: ClientEvents[E]): () => void
  has(name: EventName): boolean
  emit<E extends EventName>(name: E, ...values: Parameters<ClientEvents[E]>): void
  /** The same, and waits for handlers that are asynchronous. Throws what one of them throws. */
  emitAndWait<E extends EventName>(name: E, ...values: Parameters<ClientEvents[E]>): Promise<void>
  fault(error: unknown): void
}

export const createEmitter = (): Emitter => {
  const handlers: Handlers = {}
  const of = <E extends EventName>(name: E): readonly ClientEvents[E][] => [...(handlers[name] ?? [])]
  const call = async <E extends EventName>(
    handler: ClientEvents[E],
    values: Parameters<ClientEvents[E]>,
  ): Promise<void> => {
    await (handler as (...values: Parameters<ClientEvents[E]>) => unknown)(...values)
  }
  const fault = (thrown: unknown) => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    if (of('error').length === 0) console.error(`qsm: ${error.message}`)
    for (const handler of of('error')) {
      call<'error'>(handler, [error]).catch((cause: unknown) =>
        console.error('qsm: a handler of "error" failed:', cause),
      )
    }
  }
  return {
    fault,
    has: name => of(name).length > 0,
    on(name, handler) {
      const set = (handlers[name] ?? new Set()) as Set<typeof handler>
      Object.assign(handlers, { [name]: set.add(handler) })
      return () => void set.delete(handler)
    },
    emit(name, ...values) {
      for (const handler of of(name)) call(handler, values).catch(fault)
    },
    async emitAndWait(name, ...values) {
      for (const handler of of(name)) await call(handler, values)
    },
  }
}
