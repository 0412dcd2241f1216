import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, startQuantum, type TestQuantum } from './support/start-quantum.js'

let quantum: TestQuantum

beforeAll(async () => {
  quantum = await startQuantum()
})

afterAll(() => quantum.close())

const at = () => new Date(quantum.clock.now()).toISOString()

describe('the quantum service', () => {
  it('answers health and info to everybody, and to nobody else without a token', async () => {
    const health = await call(quantum.url, 'GET', '/api/health')
    expect(health).toMatchObject({ status: 200, body: { status: 'healthy', database: 'ok' } })
    expect(await call(quantum.url, 'GET', '/api/quantum/info')).toMatchObject({ status: 200 })
    expect(await call(quantum.url, 'GET', `/api/quantum/session/${newId()}`)).toMatchObject({ status: 401 })
  })

  it('takes no token of a login session or account that is over', async () => {
    const [ended, gone, other] = [await quantum.person(), await quantum.person(), await quantum.person()]
    const ask = (person: typeof ended) => person.call('GET', `/api/quantum/session/${person.userId}`)
    for (const person of [ended, gone, other]) expect((await ask(person)).status).not.toBe(401)
    quantum.feed.add({
      type: 'session_ended',
      user_id: ended.userId,
      username: ended.username,
      session_id: ended.sessionId,
      at: at(),
    })
    quantum.feed.add({ type: 'deleted', user_id: gone.userId, username: gone.username, session_id: null, at: at() })
    await quantum.app.owners.sync()
    expect((await ask(ended)).status).toBe(401)
    expect((await ask(gone)).status).toBe(401)
    expect((await ask(other)).status).not.toBe(401)
  })
})
