import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore, QsmClientError, type Store } from '@qsm/client'
import { fileStore } from '@qsm/client-node'
import { beforeEach, describe, expect, it } from 'vitest'
import type { HttpClient } from '../src/http/http-client.js'
import { createTokens, putTokens } from '../src/http/tokens.js'

const lifeMs = 1_800_000
let now: number
let store: Store
let ended: number

/** Rotates as the server does: a refresh token works once, a second use ends the session. */
const rotatingServer = () => {
  let current = 'refresh-0'
  let rotations = 0
  let isOver = false
  const state = { fault: null as Error | null, rotations: () => rotations, wasReused: () => isOver }
  const http: HttpClient = {
    url: 'http://server',
    async call(_route, input) {
      await new Promise(resolve => setTimeout(resolve, 1))
      if (state.fault) throw state.fault
      const { refresh_token } = (input as unknown as { body: { refresh_token: string } }).body
      if (isOver || refresh_token !== current) {
        isOver = true
        throw new QsmClientError('invalid_refresh_token', 'used', { status: 401 })
      }
      rotations += 1
      current = `refresh-${rotations}`
      const answer = { access_token: `access-${rotations}`, refresh_token: current, expires_in: lifeMs / 1_000 }
      return answer as never
    },
  }
  return { http, state }
}
const tokensOver = (http: HttpClient) => createTokens({ http, store, now: () => now, onEnded })
const onEnded = () => {
  ended += 1
}
const keep = (access: string, refresh: string) =>
  store.exclusive(async transaction =>
    putTokens(transaction, { access, refresh, issuedAt: now, expiresAt: now + lifeMs }),
  )

beforeEach(async () => {
  now = 1_700_000_000_000
  ended = 0
  store = memoryStore()
  await keep('access-0', 'refresh-0')
})

describe('an access token', () => {
  it('is used until a minute before its end, then renewed once for all calls at once', async () => {
    const { http, state } = rotatingServer()
    const tokens = tokensOver(http)
    now += lifeMs - 60_001
    expect(await tokens.access()).toBe('access-0')
    expect(state.rotations()).toBe(0)
    now += 2
    const all = await Promise.all(Array.from({ length: 50 }, () => tokens.access()))
    expect(new Set(all)).toEqual(new Set(['access-1']))
    expect(state.rotations()).toBe(1)
  })

  it('is renewed once by two clients of one store, and neither is taken for a thief', async () => {
    const { http, state } = rotatingServer()
    const [here, there] = [tokensOver(http), tokensOver(http)]
    expect([await here.access(), await there.access()]).toEqual(['access-0', 'access-0'])
    for (let round = 1; round <= 3; round += 1) {
      now += lifeMs
      const all = await Promise.all([here.access(), there.access(), here.access(), there.access()])
      expect(new Set(all)).toEqual(new Set([`access-${round}`]))
    }
    expect(state.rotations()).toBe(3)
    expect(state.wasReused()).toBe(false)
  })

  it('is renewed once over a store in files that two have opened, as two processes do', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'qsm-tokens-'))
    try {
      const { http, state } = rotatingServer()
      const [here, there] = [fileStore(folder), fileStore(folder)].map(opened =>
        createTokens({ http, store: opened, now: () => now, onEnded }),
      )
      store = fileStore(folder)
      await keep('access-0', 'refresh-0')
      expect([await here?.access(), await there?.access()]).toEqual(['access-0', 'access-0'])
      now += lifeMs
      expect(await Promise.all([here?.access(), there?.access()])).toEqual(['access-1', 'access-1'])
      expect([state.rotations(), state.wasReused()]).toEqual([1, false])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('that the server refuses is renewed once, however many calls it was refused for', async () => {
    const { http, state } = rotatingServer()
    const [here, there] = [tokensOver(http), tokensOver(http)]
    await Promise.all([here.access(), there.access()])
    const all = await Promise.all([here, there, here, there].map(tokens => tokens.renew('access-0')))
    expect(new Set(all)).toEqual(new Set(['access-1']))
    // One that comes late with the old one gets the new one.
    expect([await here.renew('access-0'), await there.renew('access-0')]).toEqual(['access-1', 'access-1'])
    expect(state.rotations()).toBe(1)
  })

  it('is there for the next client after a restart', async () => {
    const { http, state } = rotatingServer()
    now += lifeMs
    await tokensOver(http).access()
    expect(await tokensOver(http).access()).toBe('access-1')
    expect(state.rotations()).toBe(1)
  })

  it('is not handed out before the refresh token that came with it is kept', async () => {
    const { http } = rotatingServer()
    let isFull = false
    const filling: Store = {
      ...store,
      exclusive: work =>
        store.exclusive(async transaction => {
          const put = (key: string, value: Uint8Array) => {
            if (isFull) throw new Error('the disk is full')
            transaction.put(key, value)
          }
          return work({ ...transaction, put })
        }),
    }
    const tokens = createTokens({ http, store: filling, now: () => now, onEnded: () => {} })
    now += lifeMs
    isFull = true
    await expect(tokens.access()).rejects.toThrow('the disk is full')
  })

  it('stays as it is where the server is away, and is renewed later', async () => {
    const { http, state } = rotatingServer()
    const tokens = tokensOver(http)
    now += lifeMs
    state.fault = new QsmClientError('unreachable', 'away')
    await expect(tokens.access()).rejects.toMatchObject({ code: 'unreachable' })
    state.fault = null
    expect(await tokens.access()).toBe('access-1')
    expect(ended).toBe(0)
  })

  it('is none where the session is over: that is told once, the store forgets it, and a new login goes on', async () => {
    const { http } = rotatingServer()
    const tokens = tokensOver(http)
    await keep('access-x', 'stolen')
    now += lifeMs
    const refused = { code: 'not_logged_in', message: expect.stringContaining('qsm login') }
    await expect(Promise.all([tokens.access(), tokens.access()])).rejects.toMatchObject(refused)
    expect(ended).toBe(1)
    expect(await store.exclusive(transaction => transaction.keys(''))).toEqual([])
    await expect(tokens.access()).rejects.toMatchObject(refused)
    await keep('access-new', 'refresh-new')
    expect(await tokens.access()).toBe('access-new')
  })
})
