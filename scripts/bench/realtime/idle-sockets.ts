import WebSocket from 'ws'
import { residentBytes } from '../processes.js'

const inFlight = 32
const settle = () => new Promise(resolve => setTimeout(resolve, 3_000))

const open = (url: string, token: string) =>
  new Promise<WebSocket>((resolve, reject) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers: { authorization: `Bearer ${token}` } })
    socket.once('message', () => resolve(socket))
    socket.once('error', reject)
  })

/**
 * Resident memory of process `pid` for each authenticated socket, in KiB, at each of the `counts`. The tokens take turns; they
 * are of login sessions without a device, since sockets of one device displace each other.
 */
export const measureIdleSockets = async (
  { url, pid, tokens }: { readonly url: string; readonly pid: number; readonly tokens: readonly string[] },
  counts: readonly number[],
): Promise<readonly { readonly count: number; readonly kibEach: number }[]> => {
  await settle()
  const before = residentBytes(pid)
  const sockets: WebSocket[] = []
  const figures = []
  for (const count of counts) {
    while (sockets.length < count) {
      const some = Math.min(inFlight, count - sockets.length)
      const opening = Array.from({ length: some }, (_, at) =>
        open(url, tokens[(sockets.length + at) % tokens.length] ?? ''),
      )
      sockets.push(...(await Promise.all(opening)))
    }
    await settle()
    const held = sockets.filter(socket => socket.readyState === socket.OPEN).length
    if (held < count) throw new Error(`${count - held} of ${count} idle sockets were closed`)
    figures.push({ count, kibEach: (residentBytes(pid) - before) / count / 1024 })
  }
  for (const socket of sockets) socket.terminate()
  return figures
}
