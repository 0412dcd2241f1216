import { once, setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { retryMs } from '../../../packages/client/src/backoff.js'
import { nodeSocket } from '../../../packages/client-node/src/node-socket.js'
import type { IdleDevice } from './idle-devices.js'

export interface Storm {
  /** Milliseconds from the beginning until each has all that it missed. */
  readonly caughtUpMs: readonly number[]
  /** Attempts that were sent away or found nobody, and sockets that ended before all had come. */
  readonly failures: number
  /** Entries that never came though later ones did, and entries that came twice over one socket. */
  readonly lost: number
  readonly doubled: number
}

export interface Reconnecting {
  /** Cuts all sockets at once. */
  cut(): void
  /** All come back as the client does (random waits, Retry-After), until each has `missed` more entries. */
  comeBack(missed: number): Promise<Storm>
}

const algorithms = { randomBytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }

/** A socket for each device through `url`. `received` holds the last entry of each, over several calls where it is given. */
export const openAll = async (
  url: string,
  devices: readonly IdleDevice[],
  inFlight = 32,
  received = new Map<IdleDevice, number>(),
): Promise<Reconnecting> => {
  const socketUrl = `${url.replace('http', 'ws')}/ws`
  const never = new AbortController().signal
  setMaxListeners(0, never)
  const sockets = new Map<IdleDevice, WebSocket>()
  const onEntry = new Map<IdleDevice, () => void>()
  let failures = 0
  let lost = 0
  let doubled = 0

  const open = async (device: IdleDevice): Promise<WebSocket> => {
    const credentials = { accessToken: async () => device.token, ticket: async () => '' }
    const socket = (await nodeSocket(socketUrl, credentials, never)) as unknown as WebSocket
    sockets.set(device, socket)
    let last = 0
    let scheduled = false
    socket.on('message', (data, isBinary) => {
      if (!isBinary) return
      const sequence = Number((data as Buffer).readBigUInt64BE(1))
      const known = received.get(device)
      if (known !== undefined && sequence > known + 1) lost += sequence - known - 1
      if (sequence <= last) doubled += 1
      last = sequence
      received.set(device, last)
      onEntry.get(device)?.()
      if (scheduled) return
      scheduled = true
      setImmediate(() => {
        scheduled = false
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'ack', up_to: last }))
      })
    })
    return socket
  }
  const openPatiently = async (device: IdleDevice): Promise<WebSocket> => {
    let error: unknown
    for (let attempt = 0; ; attempt += 1) {
      await sleep(retryMs(error, attempt, algorithms))
      try {
        return await open(device)
      } catch (cause) {
        error = cause
        failures += 1
      }
    }
  }
  for (let at = 0; at < devices.length; at += inFlight) await Promise.all(devices.slice(at, at + inFlight).map(open))
  return {
    cut() {
      for (const socket of sockets.values()) socket.terminate()
    },
    async comeBack(missed) {
      failures = 0
      lost = 0
      doubled = 0
      const begun = performance.now()
      const caughtUpMs = await Promise.all(
        devices.map(async device => {
          const until = (received.get(device) ?? 0) + missed
          const all = new Promise<number>(resolve => {
            onEntry.set(device, () => {
              if ((received.get(device) ?? 0) >= until) resolve(performance.now() - begun)
            })
          })
          let isDone = false
          const done = all.finally(() => {
            isDone = true
          })
          while (!isDone) {
            const socket = await openPatiently(device)
            await Promise.race([done, once(socket, 'close')])
            if (!isDone) failures += 1
          }
          return all
        }),
      )
      return { caughtUpMs, failures, lost, doubled }
    },
  }
}
