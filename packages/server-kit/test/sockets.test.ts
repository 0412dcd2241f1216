import { once } from 'node:events'
import { closeCodes } from '@qsm/contract'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { closeInWaves, frameText, type Socket } from '../src/index.js'
import { deferred, useSocketApp } from './socket-app.js'

const kit = useSocketApp()
const { start, open, opened } = kit

const closed = async (client: WebSocket): Promise<[number, string]> => {
  const [code, reason] = (await once(client, 'close')) as [number, Buffer]
  return [code, String(reason)]
}

describe('a socket', () => {
  it('gets what was sent before its handler stood', async () => {
    const judging = deferred()
    await start({ authenticate: () => judging.promise })
    const texts: string[] = []
    const both = new Promise<void>(resolve => {
      kit.onSocket = socket =>
        socket.onText(text => {
          if (texts.push(text) === 2) resolve()
        })
    })
    const client = open()
    await once(kit.app.server, 'upgrade')
    client.on('open', () => {
      client.send('early')
      client.send('early too')
    })
    judging.resolve('alice')
    await both
    expect(texts).toEqual(['early', 'early too'])
  })

  it('carries text and bytes both ways, in order', async () => {
    await start()
    kit.onSocket = socket => {
      socket.onText(text => socket.sendText(`${text}!`))
      socket.onBinary(bytes => socket.sendBinary(bytes.toReversed()))
    }
    const client = await opened()
    const received: unknown[] = []
    const all = new Promise<void>(resolve => {
      client.on('message', (data, isBinary) => {
        if (received.push(isBinary ? [...(data as Buffer)] : String(data)) === 4) resolve()
      })
    })
    client.send('é')
    client.send(Uint8Array.of(1, 2))
    client.send('')
    client.send(new Uint8Array(0))
    await all
    expect(received).toEqual(['é!', [2, 1], '!', []])
  })

  it('gets what was framed once for many in its place among the other frames', async () => {
    const frames = [frameText('a'.repeat(70_000)), frameText('ü'.repeat(100)), frameText('')]
    kit.onSocket = socket => {
      socket.sendText('first')
      for (const frame of frames) socket.sendFramed(frame)
      socket.sendText('last')
    }
    await start()
    const texts: string[][] = [[], []]
    for (const received of texts) open().on('message', data => received.push(String(data)))
    const expected = ['first', 'a'.repeat(70_000), 'ü'.repeat(100), '', 'last']
    await vi.waitFor(() => expect(texts).toEqual([expected, expected]))
  })

  it('sends all of one turn in one write', async () => {
    await start()
    const client = await opened()
    const tcp = (client as unknown as { _socket: NodeJS.ReadableStream })._socket
    const chunks: number[] = []
    tcp.prependListener('data', (chunk: Buffer) => chunks.push(chunk.length))
    const last = new Promise<void>(resolve => client.on('message', data => String(data) === 'm99' && resolve()))
    for (let at = 0; at < 100; at += 1) kit.taken[0]?.socket.sendText(`m${at}`)
    await last
    expect(chunks).toEqual([10 * 4 + 90 * 5])
  })

  it('says how much waits for a peer that does not read', async () => {
    await start()
    const client = await opened()
    client.pause()
    const socket = kit.taken[0]?.socket as Socket
    for (let at = 0; at < 64; at += 1) socket.sendBinary(new Uint8Array(262_144))
    await new Promise(resolve => setImmediate(resolve))
    expect(socket.bufferedBytes).toBeGreaterThan(1_048_576)
    client.terminate()
  })

  it('tells when a peer that did not read has taken everything', async () => {
    await start()
    const client = await opened()
    client.pause()
    const socket = kit.taken[0]?.socket as Socket
    const drained = new Promise<number>(resolve => socket.onDrain(() => resolve(socket.bufferedBytes)))
    for (let at = 0; at < 64; at += 1) socket.sendBinary(new Uint8Array(262_144))
    await new Promise(resolve => setImmediate(resolve))
    expect(socket.bufferedBytes).toBeGreaterThan(1_048_576)
    client.resume()
    expect(await drained).toBe(0)
  })

  it('is closed with 1011 when its handler fails, at once or later, and the server lives', async () => {
    await start()
    kit.onSocket = socket => {
      socket.onText(() => {
        throw new Error('at once')
      })
      socket.onBinary(async () => {
        throw new Error('later')
      })
    }
    for (const frame of ['x', Uint8Array.of(1)]) {
      const client = await opened()
      client.send(frame)
      expect(await closed(client)).toEqual([1011, 'internal'])
    }
    kit.onSocket = () => {
      throw new Error('not taken')
    }
    expect(await closed(await opened())).toEqual([1011, 'internal'])
    await vi.waitFor(() => expect(kit.sockets.open.size).toBe(0))
  })

  it('is closed with the code that is given, and hears nothing after', async () => {
    await start()
    let heard = 0
    kit.onSocket = socket =>
      socket.onText(() => {
        heard += 1
      })
    const client = await opened()
    const socket = kit.taken[0]?.socket as Socket
    const gone = new Promise<number>(resolve => socket.onClose(resolve))
    socket.close(closeCodes.displaced)
    socket.sendText('too late')
    client.send('too late')
    expect(await closed(client)).toEqual([4509, 'displaced'])
    expect([await gone, heard, socket.isOpen]).toEqual([4509, 0, false])
    expect((await kit.app.metrics.text()).body).toContain('qsm_ws_closed_total{code="4509"} 1')
  })

  it('ends alone when its peer breaks the protocol', async () => {
    await start()
    const other = await opened()
    const cases: [string | Buffer, boolean, number][] = [
      [Buffer.from([0xff, 0xfe]), false, 1007],
      [Buffer.alloc(4_194_305), true, 1009],
    ]
    for (const [data, binary, code] of cases) {
      const client = await opened()
      client.on('error', () => {})
      client.send(data, { binary })
      expect((await closed(client))[0]).toBe(code)
    }
    const raw = await opened()
    raw.on('error', () => {})
    ;(raw as unknown as { _socket: { write(data: Buffer): void } })._socket.write(Buffer.from([0x81, 0x01, 0x41]))
    expect((await closed(raw))[0]).toBe(1002)
    expect(other.readyState).toBe(WebSocket.OPEN)
  })

  it('is not compressed, whatever is offered', async () => {
    await start()
    expect((await opened('/ws', { perMessageDeflate: true })).extensions).toBe('')
  })
})

describe('the heartbeat of sockets', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('asks for a sign of life and keeps who gives it', async () => {
    await start()
    kit.onSocket = socket => socket.onText(text => socket.sendText(text))
    const client = await opened()
    for (let round = 0; round < 4; round += 1) {
      const pinged = once(client, 'ping')
      vi.advanceTimersByTime(25_000)
      await pinged
      const answered = once(client, 'message')
      client.send('are you there')
      await answered // The pong, which went before, has arrived as well.
    }
    expect(kit.taken[0]?.socket.isOpen).toBe(true)
  })

  it('cuts who stays silent, but not who is not read', async () => {
    await start()
    const silent = await opened('/ws', { autoPong: false })
    const unread = await opened('/ws', { autoPong: false })
    kit.taken[1]?.socket.pause()
    const cut = closed(silent)
    vi.advanceTimersByTime(45_000)
    expect((await cut)[0]).toBe(1006)
    expect(kit.taken[1]?.socket.isOpen).toBe(true)
    kit.taken[1]?.socket.resume()
    unread.terminate()
  })
})

describe('closing in waves', () => {
  it('gives every socket the code, spread by the given randomness', async () => {
    await start()
    const clients = await Promise.all([opened(), opened(), opened()])
    const ends = Promise.all(clients.map(closed))
    let drawn = 0
    const draw = () => {
      drawn += 1
      return drawn / 4
    }
    await closeInWaves(kit.sockets.open, closeCodes.draining, 30, draw)
    expect(await ends).toEqual([
      [4001, 'draining'],
      [4001, 'draining'],
      [4001, 'draining'],
    ])
    expect(drawn).toBe(3)
  })
})
