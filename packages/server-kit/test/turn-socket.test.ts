import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { closeCodes } from '@qsm/contract'
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import WebSocket from 'ws'
import { acceptSockets, frameText, type Socket } from '../src/index.js'
import { listeningLog, startTestApp, type TestApp } from './support.js'

let app: TestApp
let taken: Socket[]
let onSocket: (socket: Socket) => void

beforeEach(async () => {
  app = await startTestApp([])
  taken = []
  onSocket = () => {}
  acceptSockets<string>(app.server, {
    authenticate: async () => 'alice',
    onSocket(socket) {
      taken.push(socket)
      onSocket(socket)
      socket.onText(text => socket.sendText(`${text}!`))
    },
    allowedOrigins: [],
    log: listeningLog().log,
    now: () => 1_800_000_000_000,
    userOf: identity => identity,
    trustProxy: false,
    limits: { maxSockets: 10, maxSocketsPerAddress: 10, maxSocketsPerUser: 10, maxUpgradesAtOnce: 10 },
  })
})
afterEach(() => app.stop(100))

interface Opened {
  readonly client: WebSocket
  readonly socket: Socket
  /** Texts and bytes as they came, "pong", and the code of the end. */
  readonly got: unknown[]
}
const opened = async (): Promise<Opened> => {
  const client = new WebSocket(`ws://127.0.0.1:${app.port}/ws`)
  const got: unknown[] = []
  client.on('message', (data, isBinary) => got.push(isBinary ? data : String(data)))
  client.on('pong', () => got.push('pong'))
  client.on('close', code => got.push(code))
  await once(client, 'open')
  return { client, socket: taken.at(-1) as Socket, got }
}

it('an answer to a ping goes after what was sent before it', async () => {
  const { client, got } = await opened()
  client.send('one')
  client.ping()
  client.send('two')
  await vi.waitFor(() => expect(got).toEqual(['one!', 'pong', 'two!']))
})

it('what was sent before a goodbye of either side arrives', async () => {
  const [first, second] = [await opened(), await opened()]
  first.socket.sendText('last')
  first.socket.close(closeCodes.displaced)
  second.client.send('one')
  second.client.close(1000)
  await vi.waitFor(() =>
    expect([first.got, second.got]).toEqual([
      ['last', 4509],
      ['one!', 1000],
    ]),
  )
})

it('what is sent when nobody is there any more harms nobody', async () => {
  const [first, second] = [await opened(), await opened()]
  first.socket.sendText('never read')
  ;(first.socket as unknown as { drop(): void }).drop()
  second.socket.sendText('read')
  await vi.waitFor(() => expect([first.got, second.got]).toEqual([[1006], ['read']]))
})

it('a write that throws keeps no frames back from the others, and each error goes up uncaught', async () => {
  const connections: Duplex[] = []
  app.server.prependListener('upgrade', (_request, connection) => connections.push(connection))
  const all = [await opened(), await opened(), await opened(), await opened()]
  const errors = [new Error('first'), new Error('third')]
  const uncaught: unknown[] = []
  process.setUncaughtExceptionCaptureCallback(error => uncaught.push(error))
  onTestFinished(() => process.setUncaughtExceptionCaptureCallback(null))
  for (const [at, index] of [0, 2].entries()) {
    vi.spyOn(connections[index] as Duplex, 'write').mockImplementationOnce(() => {
      throw errors[at]
    })
  }
  for (const { socket } of all) socket.sendText('hello')
  await vi.waitFor(() => expect([all[1]?.got, all[3]?.got]).toEqual([['hello'], ['hello']]))
  expect(uncaught).toEqual(errors)
})

it('what waits for the end of the turn is counted as waiting', async () => {
  const { socket } = await opened()
  await turn()
  socket.sendText('12345')
  socket.sendBinary(new Uint8Array(1_000))
  socket.sendFramed(frameText('x'.repeat(70_000)))
  expect(socket.bufferedBytes).toBe(2 + 5 + 4 + 1_000 + 10 + 70_000)
  await turn()
  expect(socket.bufferedBytes).toBe(0)
})

it('each socket gets its own frames and those of all in order and unchanged, also one that reads late', async () => {
  const all = [await opened(), await opened(), await opened(), await opened()]
  const sent: (string | Buffer)[][] = all.map(() => [])
  const sizes = [0, 1, 125, 126, 1_200, 9_000, 65_535, 65_536]
  let seed = 7
  const draw = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  all[3]?.client.pause()
  for (let round = 0; round < 600; round += 1) {
    for (let count = draw(6); count >= 0; count -= 1) {
      const size = sizes[draw(draw(8) === 0 ? sizes.length : 5)] as number
      const text = `${round} ${count} `.padEnd(size, 'ü')
      const frame = frameText(text)
      for (const [index, { socket }] of all.entries()) {
        if (draw(4) > 0) {
          socket.sendFramed(frame)
          sent[index]?.push(text)
        }
        if (draw(3) > 0) continue
        const own = Buffer.alloc(size, `${index} ${round} ${count}`)
        socket.sendBinary(own)
        sent[index]?.push(own)
      }
    }
    await turn()
  }
  expect(all[3]?.socket.bufferedBytes).toBeGreaterThan(0)
  all[3]?.client.resume()
  await vi.waitFor(() => expect(all.map(({ got }) => got.length)).toEqual(sent.map(({ length }) => length)), 10_000)
  const wrong = all.map(({ got }, index) =>
    got.findIndex((entry, at) =>
      Buffer.compare(Buffer.from(entry as string), Buffer.from(sent[index]?.[at] as string)),
    ),
  )
  expect(wrong).toEqual([-1, -1, -1, -1])
})

it('what the network did not take at once stays as it was sent, whatever is sent to others meanwhile', async () => {
  const [late, other] = [await opened(), await opened()]
  late.client.pause()
  const part = (mark: number) => Buffer.alloc(5_000, `${mark} `)
  const sendThree = ({ socket }: Opened, mark: number) => {
    for (let count = 0; count < 3; count += 1) socket.sendBinary(part(mark + count))
  }
  let sent = 0
  while (late.socket.bufferedBytes === 0) {
    sendThree(late, sent)
    sent += 3
    await turn()
  }
  sendThree(other, 900_000)
  await vi.waitFor(() => expect(other.got).toHaveLength(3))
  late.client.resume()
  await vi.waitFor(() => expect(late.got).toHaveLength(sent), 10_000)
  expect(late.got.findIndex((entry, at) => !part(at).equals(entry as Buffer))).toBe(-1)
})

it('what is sent first leaves together with the answer to the upgrade', async () => {
  const waits: number[] = []
  let connection: Duplex | undefined
  app.server.prependListener('upgrade', (_request, given) => {
    connection = given
  })
  onSocket = socket => {
    waits.push(connection?.writableLength ?? 0)
    socket.sendText('first')
    queueMicrotask(() => waits.push(socket.bufferedBytes))
  }
  const { got } = await opened()
  await vi.waitFor(() => expect(got).toEqual(['first']))
  expect(waits[0]).toBeGreaterThan('HTTP/1.1 101 Switching Protocols'.length)
  expect(waits[1]).toBe(0)
})
