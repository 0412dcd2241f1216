import { createMemoryRateLimits } from '@qsm/server-kit'
import { expect, test } from 'vitest'
import type { HashFor } from '../src/passwords/hash-queue.js'
import { newName, password, startAuth, type TestAuth } from './support/start-auth.js'

const withAuth = async (options: Parameters<typeof startAuth>[0], work: (auth: TestAuth) => Promise<void>) => {
  const auth = await startAuth(options)
  try {
    await work(auth)
  } finally {
    await auth.close()
  }
}

const statusesOf = (answers: readonly { readonly status: number }[]) => new Set(answers.map(({ status }) => status))

test('of many right logins of one account at once some are taken, and the rest is told to come again in a second', () =>
  withAuth({}, async auth => {
    const mallory = await auth.person()
    const answers = await Promise.all(Array.from({ length: 150 }, () => auth.tryLogin(mallory.username, password)))
    const refused = answers.filter(({ status }) => status !== 200)
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(18)
    for (const { status, body, headers } of refused) {
      expect([status, body.error.code, headers.get('retry-after')]).toEqual([429, 'rate_limited', '1'])
      expect(body.error.message).toContain('of this account')
    }
    expect(refused).not.toEqual([])
  }))

test('64 users log in at once from one address', () =>
  withAuth({ rateLimits: createMemoryRateLimits() }, async auth => {
    const people = await Promise.all(Array.from({ length: 64 }, () => auth.person()))
    const answers = await Promise.all(people.map(({ username }) => auth.tryLogin(username, password)))
    expect(statusesOf(answers)).toEqual(new Set([200]))
  }))

test('logins are limited for each account and for each address, right ones too', () => {
  const asked: string[] = []
  const quick = { hash: async () => 'a hash', verify: async () => true }
  const memory = createMemoryRateLimits()
  return withAuth(
    {
      hasher: quick,
      rateLimits: options => {
        if (options.name.startsWith('login')) asked.push(`${options.name} ${options.points}/${options.perSeconds} s`)
        const few = { 'login-address': 70, 'login-account': 60 }[options.name]
        return memory({ ...options, points: few ?? options.points })
      },
    },
    async auth => {
      expect(asked.sort()).toEqual(['login-account 1800/60 s', 'login-address 12000/60 s'])
      const [alice, bob] = [await auth.person(), await auth.person()]
      const logIn = (username: string, from: string) => auth.tryLogin(username, password, from)
      for (let login = 0; login < 60; login += 1) expect((await logIn(alice.username, '192.0.2.1')).status).toBe(200)
      const refused = await logIn(alice.username.toUpperCase(), '192.0.2.2')
      expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limited'])
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      for (let login = 0; login < 10; login += 1) expect((await logIn(bob.username, '192.0.2.1')).status).toBe(200)
      expect((await logIn(bob.username, '192.0.2.1')).status).toBe(429)
      expect((await logIn(bob.username, '192.0.2.2')).status).toBe(200)
    },
  )
})

test('a stranger who guesses does not use up the logins of the owner', () => {
  const taken: string[] = []
  return withAuth(
    { rateLimits: ({ name }) => ({ take: async key => void taken.push(`${name} ${key}`) }) },
    async auth => {
      const alice = await auth.person('alice')
      for (let wrong = 0; wrong < 9; wrong += 1) await auth.tryLogin(alice.username, `wrong ${wrong}`)
      expect(taken.filter(entry => entry === 'login-account alice')).toHaveLength(5)
      expect(taken.filter(entry => entry === 'login-address 127.0.0.1')).toHaveLength(9)
    },
  )
})

test('logins and registrations stand in the line under name and address, changes of a password under the user', () => {
  const seen: HashFor[] = []
  const hasher = {
    hash: async (_: string, whom: HashFor) => {
      seen.push(whom)
      return 'a hash'
    },
    verify: async (_: string | null, __: string, whom: HashFor) => {
      seen.push(whom)
      return true
    },
  }
  return withAuth({ hasher }, async auth => {
    const username = `Name-${newName()}`
    const account = username.toLowerCase()
    const from = '192.0.2.9'
    seen.length = 0
    await auth.call('POST', '/api/register', { body: { username, email: 'a@b', password }, from })
    const { body } = await auth.tryLogin(username, password, from)
    const change = { current_password: password, new_password: password }
    const changed = await auth.call('POST', '/api/password', { body: change, token: body.access_token, from })
    expect(changed.status).toBe(204)
    const own = { account: body.user_id, address: from }
    expect(seen).toEqual([{ account, address: from }, { account, address: from }, own, own])
  })
})
