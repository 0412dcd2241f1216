import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canRecordOutbound, outboundOf, recordOutbound } from '../../support/outbound.js'
import { hasReplicas, type Replicas, startReplicas } from '../../support/replicas.js'
import { createPeople, newName, takeMessages, welcoming } from '../../support/sdk.js'

const isHere = hasReplicas && canRecordOutbound
const title = isHere ? 'a running system' : 'a running system: not watched, strace, redis-server or haproxy is not here'
const folder = mkdtempSync(join(tmpdir(), 'qsm-outbound-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const hostAndPort = (url: string): string => new URL(url).host

describe.skipIf(!isHere)(title, () => {
  const file = join(folder, 'system')
  const configured = new Map<string, string>()
  const services = ['quantum-crypto', 'auth', 'message-1', 'message-2']
  let replicas: Replicas
  const people = createPeople(() => replicas.url)

  const post = async (path: string, body: object, token?: string) => {
    const response = await fetch(`${replicas.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(body),
    })
    expect([path, response.ok]).toEqual([path, true])
    return response.status === 204 ? null : response.json()
  }
  /** With the SDK, over sockets, and as people who have nothing but HTTP, for whom services ask each other. */
  const talk = async () => {
    const [alice, bob, carol, dave] = ['alice', 'bob', 'carol', 'dave'].map(newName) as [string, string, string, string]
    const [one, other] = [await people.register(alice), welcoming(await people.register(bob))]
    const arrived = takeMessages(other, 1)
    await one.connect(bob)
    await one.send(bob, 'hello')
    expect(await arrived).toMatchObject([{ text: 'hello' }])
    const password = 'correct horse battery staple'
    const tokens: string[] = []
    for (const username of [carol, dave]) {
      await post('/api/register', { username, email: `${username}@example.org`, password })
      tokens.push((await post('/api/login', { username, password })).access_token)
    }
    const { request_id } = await post('/api/connection/request', { receiver_username: dave }, tokens[0])
    await post('/api/connection/respond', { request_id, accept: true }, tokens[1])
    const message = { recipient: dave, content: 'hello', client_message_id: crypto.randomUUID() }
    await post('/api/message/send', message, tokens[0])
    const read = await fetch(`${replicas.url}/api/messages`, { headers: { Authorization: `Bearer ${tokens[1]}` } })
    expect(await read.text()).toContain('hello')
  }

  beforeAll(async () => {
    replicas = await startReplicas({ under: recordOutbound(file) })
    const note = (name: string, url: string) => configured.set(hostAndPort(url), name)
    for (const name of ['postgres', 'redis', 'balancer', ...services]) note(name, replicas.service(name).url)
    for (const name of services) {
      note(`admin port of ${name}`, `http://127.0.0.1:${replicas.variable(name, 'ADMIN_PORT')}`)
    }
    await talk()
    await people.closeAll()
    expect(await replicas.stop()).toBe(0)
  })

  test('connects to the services that it is told of and to nothing else, and asks no name server', () => {
    const found = outboundOf(file)
    // HAProxy, which is no part of QSM, opens a socket towards the name server as it starts, and sends nothing by it.
    const isOfBalancer = (by: ReadonlySet<string>) => [...by].join() === 'haproxy'
    const others = [...found].filter(([address, by]) => !configured.has(address) && !isOfBalancer(by))
    expect(others).toEqual([])
    // That it saw what there was: each part was asked by another one.
    expect([...configured].filter(([address]) => !found.has(address))).toEqual([])
  })
})

describe.skipIf(!canRecordOutbound)(canRecordOutbound ? 'the watch' : 'the watch: strace is not here', () => {
  test.each([
    [
      'a request',
      "fetch('http://192.0.2.1:8080/', { signal: AbortSignal.timeout(200) }).catch(() => {})",
      /^192\.0\.2\.1:8080$/,
    ],
    ['a look-up of a name', "require('dns').lookup('phones-home.invalid', () => {})", /:53$/],
    [
      'a datagram',
      "const s = require('dgram').createSocket('udp4'); s.send('x', 9125, '127.0.0.2', () => s.close())",
      /^127\.0\.0\.2:9125$/,
    ],
    ['a connection over IPv6', "require('net').connect(4711, '::1').on('error', () => {})", /^\[::1\]:4711$/],
  ])('sees %s, of a child process too', (name, code, address) => {
    const file = join(folder, name.replaceAll(' ', '-'))
    const [command = '', ...args] = recordOutbound(file)
    const parent = `require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(code)}])`
    expect(spawnSync(command, [...args, process.execPath, '-e', parent], { timeout: 30_000 }).status).toBe(0)
    expect([...outboundOf(file).keys()].filter(found => address.test(found))).toHaveLength(1)
  })
})
