import type { StoredMessage } from './state.js'

/** A request that waits for an answer of this user. */
export interface IncomingRequest {
  readonly from: string
  accept(): Promise<void>
  reject(): Promise<void>
}

export interface ClientEvents {
  request: (request: IncomingRequest) => void
  message: (message: StoredMessage) => void
  /** A connection changed: accepted, rejected, open. */
  'session-update': (update: { readonly username: string; readonly state: string }) => void
  /** An envelope that could not be opened; it stays in quarantine. */
  undecryptable: (report: { readonly reason: string; readonly sequence: number }) => void
  state: (state: 'connecting' | 'open' | 'waiting' | 'stopped', reason?: string) => void
  error: (error: Error) => void
}

export type EventName = keyof ClientEvents

/** Handlers by name. */
export const createEmitter = () => {
  const handlers = new Map<EventName, Set<ClientEvents[EventName]>>()
  return {
    on<E extends EventName>(name: E, handler: ClientEvents[E]): () => void {
      const set = handlers.get(name) ?? new Set()
      handlers.set(name, set.add(handler))
      return () => set.delete(handler)
    },
    emit<E extends EventName>(name: E, ...values: Parameters<ClientEvents[E]>): void {
      for (const handler of handlers.get(name) ?? []) (handler as (...values: Parameters<ClientEvents[E]>) => void)(...values)
    },
  }
}
