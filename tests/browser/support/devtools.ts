import WebSocket from 'ws'

type Answer = { readonly result?: unknown; readonly error?: { readonly message: string } }
type Listener = (params: Record<string, unknown>) => void

/** The DevTools protocol of a browser: one socket, a session for each page. */
export interface DevTools {
  /** Resolves with the result of the method. */
  call(method: string, params?: object, session?: string): Promise<Record<string, unknown>>
  on(session: string, event: string, listener: Listener): void
  close(): void
}

export const connectDevTools = async (url: string): Promise<DevTools> => {
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 64 * 1_048_576 })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  const waiting = new Map<number, (answer: Answer) => void>()
  const listeners = new Map<string, Listener[]>()
  let calls = 0
  socket.on('message', data => {
    const message = JSON.parse(String(data)) as Answer & {
      readonly id?: number
      readonly method?: string
      readonly sessionId?: string
      readonly params?: Record<string, unknown>
    }
    if (message.id !== undefined) waiting.get(message.id)?.(message)
    else
      for (const listener of listeners.get(`${message.sessionId} ${message.method}`) ?? [])
        listener(message.params ?? {})
  })
  socket.on('error', () => {}) // The close follows.
  socket.on('close', () => {
    for (const answer of waiting.values()) answer({ error: { message: 'the browser has ended' } })
  })
  return {
    call(method, params = {}, session) {
      calls += 1
      const id = calls
      return new Promise((resolve, reject) => {
        waiting.set(id, ({ result, error }) => {
          waiting.delete(id)
          if (error) reject(new Error(`${method}: ${error.message}`))
          else resolve(result as Record<string, unknown>)
        })
        socket.send(JSON.stringify({ id, method, params, ...(session ? { sessionId: session } : {}) }))
      })
    },
    on(session, event, listener) {
      const key = `${session} ${event}`
      listeners.set(key, [...(listeners.get(key) ?? []), listener])
    },
    close: () => socket.close(),
  }
}
