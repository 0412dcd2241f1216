import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkedFetch, checkedQuantumFetch } from '../../../tests/support/checked-fetch.js'

let answer: (response: ServerResponse) => void = () => {}
const server = createServer((_, response) => answer(response))
let url = ''

beforeAll(async () => {
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise<void>(closed => server.close(() => closed())))

const json = { 'content-type': 'application/json; charset=utf-8', 'x-request-id': 'r1' }
const answers = (status: number, body: unknown, headers: Record<string, string> = {}) => {
  answer = response => response.writeHead(status, { ...json, ...headers }).end(JSON.stringify(body))
}
const error = (code: string, status: number, retryable = false, requestId = 'r1') => ({
  error: { code, message: 'text', retryable, request_id: requestId },
  status_code: status,
  timestamp: '2026-11-24T12:00:00.000Z',
})
const root = { service: 'qsm', version: '0.1.0', docs: '/docs', health: '/api/health' }

describe('the checked fetch', () => {
  it('hands on an answer that keeps the contract, unread', async () => {
    answers(200, root)
    expect(await (await checkedFetch(`${url}/`)).json()).toEqual(root)
  })

  it('finds a route by its method and the form of its path', async () => {
    answers(404, error('not_found', 404))
    await checkedFetch(`${url}/api/users/bob/devices`)
    answers(200, { ...root, more: 1 })
    await expect(checkedFetch(`${url}/?x=1`)).rejects.toThrow('getRoot 200: more is not in the contract')
  })

  it('takes a 204 without body and content type', async () => {
    answer = response => response.writeHead(204, { 'x-request-id': 'r1' }).end()
    await checkedFetch(`${url}/api/logout`, { method: 'POST' })
    answer = response => response.writeHead(204, json).end()
    await expect(checkedFetch(`${url}/api/logout`, { method: 'POST' })).rejects.toThrow('a content type without a body')
  })

  it.each([
    ['another content type', 200, root, { 'content-type': 'text/html' }, 'not application/json'],
    ['no request id', 200, root, { 'x-request-id': '' }, 'no X-Request-Id'],
    ['another request id in the body', 404, error('not_found', 404, false, 'r2'), {}, 'the request id of the body'],
    ['a 503 without Retry-After', 503, error('unavailable', 503, true), {}, 'no Retry-After'],
    [
      'a 503 with a broken Retry-After',
      503,
      error('unavailable', 503, true),
      { 'retry-after': '0.5' },
      'no Retry-After',
    ],
    ['any 500', 500, error('internal', 500, true), {}, 'answered 500'],
  ])('refuses %s', async (_, status, body, headers, message) => {
    answers(status, body, headers)
    await expect(checkedFetch(`${url}/api/users/bob/devices`)).rejects.toThrow(message)
  })

  it('wants a challenge with 401 and the methods with 405', async () => {
    answers(401, error('unauthorized', 401))
    await expect(checkedFetch(`${url}/api/me`)).rejects.toThrow('no WWW-Authenticate')
    answers(401, error('unauthorized', 401), { 'www-authenticate': 'Bearer' })
    await checkedFetch(`${url}/api/me`)
    answers(405, error('method_not_allowed', 405))
    await expect(checkedFetch(`${url}/api/me`, { method: 'PATCH' })).rejects.toThrow('no Allow')
  })

  it('wants 404 where there is no route, and lets the pages of the documents pass', async () => {
    answers(200, {})
    await expect(checkedFetch(`${url}/api/none`)).rejects.toThrow('GET /api/none')
    answers(404, error('not_found', 404))
    await checkedFetch(`${url}/api/none`)
    answer = response => response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')
    await checkedFetch(`${url}/docs`)
  })

  it('holds each port to its own contract', async () => {
    answers(404, error('not_found', 404))
    await expect(checkedQuantumFetch(`${url}/api/quantum/info`)).rejects.toThrow('getQuantumInfo 404')
    await checkedFetch(`${url}/api/quantum/info`)
  })
})
