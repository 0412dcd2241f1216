import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { defineRoute } from '@qsm/contract'
import { afterEach, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { z } from 'zod'
import { createStopSequence, route } from '../src/index.js'
import { groupOf, listeningLog, startTestApp } from './support.js'

const fixture = fileURLToPath(new URL('fixtures/server-process.ts', import.meta.url))
const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

const start = async (how: string) => {
  const child = fork(fixture, [how], { execArgv: ['--conditions=qsm-source', '--import', 'tsx'], silent: true })
  running.push(child)
  const told: unknown[] = []
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (output += String(chunk)))
  child.on('message', message => told.push(message))
  const until = async (wanted: unknown) => {
    while (!told.includes(wanted)) await once(child, 'message')
  }
  const [ports] = (await once(child, 'message')) as [{ port: number; adminPort: number }]
  const ended = once(child, 'close') as Promise<[number | null, string | null]>
  return { child, told, until, ended, ...ports, output: () => output }
}

describe('a process that is told to stop', () => {
  it('closes its sockets with a reconnect code, finishes its requests, and ends with 0', async () => {
    const { child, told, until, ended, port, output } = await start('in-order')
    const client = new WebSocket(`ws://127.0.0.1:${port}/ws`)
    await once(client, 'message')
    const slow = fetch(`http://127.0.0.1:${port}/slow`)
    await until('slow request came')
    const closed = once(client, 'close')
    child.kill('SIGTERM')
    expect((await closed).map(String)).toEqual(['4001', 'draining'])
    await until('sockets closed')
    child.send('release')
    const answer = await slow
    expect([answer.status, await answer.json()]).toEqual([200, {}])
    expect(await ended).toEqual([0, null])
    expect(told.slice(1)).toEqual([
      'slow request came',
      'stopping: SIGTERM',
      'not ready',
      'sockets closed',
      'requests finished',
      'database closed',
    ])
    expect(output()).toContain('a part did not stop in order')
  })

  it('ends at once at a second signal, with 1', async () => {
    const { child, until, ended, output } = await start('never')
    child.kill('SIGTERM')
    await until('stopping: SIGTERM')
    child.kill('SIGINT')
    expect(await ended).toEqual([1, null])
    expect(output()).toContain('second SIGINT: ended at once')
  })

  it('takes a signal that comes twice within a moment as one, as npm hands it on', async () => {
    const { child, told, until, ended } = await start('in-order')
    child.kill('SIGINT')
    await until('stopping: SIGINT')
    child.kill('SIGINT')
    child.send('release')
    expect(await ended).toEqual([0, null])
    expect(told).toContain('database closed')
  })

  it('ends at its deadline, with 1', async () => {
    const { child, ended, output } = await start('too-slow')
    child.kill('SIGTERM')
    expect(await ended).toEqual([1, null])
    expect(output()).toContain('not stopped within 200 ms: ended')
  })

  it('stops in order after an error that nobody caught, logs it, and ends with 1', async () => {
    const { child, told, ended, output } = await start('in-order')
    child.send('throw')
    expect(await ended).toEqual([1, null])
    expect(told).toContain('stopping: error')
    expect(told).toContain('database closed')
    expect(output()).toContain('nobody catches this')
  })
})

describe('stopping to listen', () => {
  const held = defineRoute({
    operationId: 'held',
    service: 'main',
    method: 'get',
    path: '/held',
    summary: 'A test route',
    auth: 'open',
    responses: { 200: { description: 'Fine.', body: z.object({}) } },
  })

  it('ends idle connections at once, and one that is kept alive as soon as its request is done', async () => {
    let release: () => void = () => {}
    let came: () => void = () => {}
    const coming = new Promise<void>(resolve => {
      came = resolve
    })
    const handle = route(held)(async () => {
      came()
      await new Promise<void>(resolve => {
        release = resolve
      })
      return { status: 200, body: {} }
    })
    const app = await startTestApp([groupOf([handle])])
    const agent = new Agent({ keepAlive: true })
    const answered = new Promise<number>(resolve => {
      get(`${app.url}/held`, { agent }, response => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
      })
    })
    await coming
    const stopped = app.stop(20_000)
    release()
    expect(await answered).toBe(200)
    await stopped
    await expect(fetch(`${app.url}/held`)).rejects.toThrow()
    agent.destroy()
  })

  it('cuts at the deadline what does not end', async () => {
    let came: () => void = () => {}
    const coming = new Promise<void>(resolve => {
      came = resolve
    })
    const handle = route(held)(async () => {
      came()
      return new Promise<never>(() => {})
    })
    const app = await startTestApp([groupOf([handle])])
    const request = fetch(`${app.url}/held`)
    await coming
    await Promise.all([app.stop(50), expect(request).rejects.toThrow()])
  })
})

describe('a stop sequence', () => {
  it('undoes the last step first, each after the other, and goes on after a failure', async () => {
    const { log, lines } = listeningLog()
    const sequence = createStopSequence(log)
    const done: string[] = []
    sequence.add('first', () => done.push('first'))
    sequence.add('second', () => Promise.reject(new Error('not so')))
    sequence.add('third', async () => {
      await new Promise(resolve => setImmediate(resolve))
      done.push('third')
    })
    await sequence.run()
    await sequence.run()
    expect(done).toEqual(['third', 'first'])
    expect(lines).toMatchObject([{ step: 'second', msg: 'a part did not stop in order' }])
  })
})
