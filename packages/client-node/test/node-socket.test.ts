import { getEventListeners } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { freePort } from '../../../tests/support/free-port.js'
import { nodeSocket } from '../src/index.js'

const credentials = { accessToken: async () => 'token', ticket: async () => 'ticket' }
let server: Server | null = null

const listen = (made: Server): Promise<string> =>
  new Promise(resolve => {
    server = made.listen(0, '127.0.0.1', () => {
      resolve(`ws://127.0.0.1:${(made.address() as AddressInfo).port}/ws`)
    })
  })

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = null
})

describe('the socket of Node leaves nothing on the signal that gives it up', () => {
  const ending = new AbortController()
  const left = () => getEventListeners(ending.signal, 'abort').length

  test('where nobody listens', async () => {
    const url = `ws://127.0.0.1:${await freePort()}/ws`
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(nodeSocket(url, credentials, ending.signal)).rejects.toMatchObject({ code: 'unreachable' })
    }
    expect(left()).toBe(0)
  })

  test.each([
    [401, 'unauthorized'],
    [503, 'unreachable'],
  ])('where the server answers %i', async (status, code) => {
    const url = await listen(
      createServer().on('upgrade', (_request, socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)),
    )
    await expect(nodeSocket(url, credentials, ending.signal)).rejects.toMatchObject({ code })
    expect(left()).toBe(0)
  })

  test('and tells how long the server asks to wait', async () => {
    const answer = 'HTTP/1.1 503 No\r\nRetry-After: 5\r\n\r\n'
    const url = await listen(createServer().on('upgrade', (_request, socket) => socket.end(answer)))
    const error = await nodeSocket(url, credentials, ending.signal).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unreachable', retryAfterMs: 5_000 })
  })

  test('where it opens', async () => {
    const made = createServer()
    new WebSocketServer({ server: made })
    const socket = await nodeSocket(await listen(made), credentials, ending.signal)
    expect(left()).toBe(0)
    socket.close(1000)
  })

  test('and is given up when it comes', async () => {
    const url = await listen(createServer().on('upgrade', () => {}))
    const giving = new AbortController()
    const opening = nodeSocket(url, credentials, giving.signal)
    setTimeout(() => giving.abort(), 50)
    await expect(opening).rejects.toMatchObject({ code: 'unreachable' })
    await expect(nodeSocket(url, credentials, giving.signal)).rejects.toMatchObject({ code: 'unreachable' })
    expect(getEventListeners(giving.signal, 'abort')).toEqual([])
  })
})
