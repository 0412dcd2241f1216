import { randomBytes } from 'node:crypto'
import type { Person } from '../prepared.js'
import { ask } from './ask.js'

/** How many people are made at once; each costs the target two password hashes. */
const atOnce = 4

export interface Account {
  readonly username: string
  readonly password: string
}

/** Names that no earlier run has used, and a password for each. */
export const newAccounts = (count: number): readonly Account[] => {
  const run = randomBytes(5).toString('hex')
  return Array.from({ length: count }, (_, index) => ({
    username: `load-${run}-${index}`,
    password: randomBytes(18).toString('base64url'),
  }))
}

/** Does the work for each entry, some at once; results in order. */
export const forEach = async <T, R>(
  entries: readonly T[],
  work: (entry: T, index: number) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = []
  const queue = [...entries.entries()]
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await work(next[1], next[0])
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}

const logIn = async (url: string, { username, password }: Account): Promise<Person> => {
  const answer = await ask(url, 'POST', '/api/login', { body: { username, password } })
  return {
    username,
    password,
    accessToken: String(answer.access_token),
    refreshToken: String(answer.refresh_token),
    expiresAt: Date.now() + Number(answer.expires_in) * 1_000,
  }
}

/** Registers accounts and logs them in. */
export const makePeople = (url: string, accounts: readonly Account[]): Promise<Person[]> =>
  forEach(accounts, async account => {
    const body = { ...account, email: `${account.username}@example.org` }
    await ask(url, 'POST', '/api/register', { body })
    return logIn(url, account)
  })

/** Connects a thin sender with a thin receiver by request and answer. */
export const connectThin = async (url: string, sender: Person, receiver: Person): Promise<void> => {
  const asked = await ask(url, 'POST', '/api/connection/request', {
    token: sender.accessToken,
    body: { receiver_username: receiver.username },
  })
  await ask(url, 'POST', '/api/connection/respond', {
    token: receiver.accessToken,
    body: { request_id: asked.request_id, accept: true },
  })
}

/** Deletes accounts with all that belongs to them. One that is not there any more, or never was, is passed over. */
export const forgetPeople = (url: string, accounts: readonly Account[]): Promise<unknown> =>
  forEach(accounts, async account => {
    const person = await logIn(url, account).catch(error => {
      if (/answered 401/.test(String(error))) return null
      throw error
    })
    if (person) await ask(url, 'DELETE', '/api/account', { token: person.accessToken })
  })
