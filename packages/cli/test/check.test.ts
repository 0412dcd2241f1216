import type { Message, QsmClient } from '@qsm/client'
import { describe, expect, it } from 'vitest'
import { converse } from '../src/check/conversation.js'
import { createSteps } from '../src/check/steps.js'
import type { ThrowAwayUser } from '../src/check/throw-away-user.js'
import type { Output } from '../src/output.js'

/** What a server could do to a message on its way. */
interface Way {
  readonly change?: (message: Message) => Message
  readonly times?: number
  /** How many envelopes the server still holds at each look. */
  readonly held?: () => number
}

/** Two users who reach each other without a server. */
const twoUsers = ({ change = message => message, times = 1, held = () => 0 }: Way) => {
  const make = (username: string, other: () => ThrowAwayUser & { readonly received: Message[] }) => {
    const received: Message[] = []
    const client = {
      on: () => () => {},
      connect: async () => ({}),
      async send(to: string, text: string) {
        const message = { id: text, from: username, peer: to, text, verified: true } as Message
        for (let count = 0; count < times; count += 1) other().received.push(change(message))
        return { messageId: text }
      },
    }
    return {
      username,
      received,
      client: () => client as unknown as QsmClient,
      register: async () => {},
      login: async () => {},
      goOnline: async () => {},
      next: async () => received[0] as Message,
      unacknowledged: async () => held(),
      remove: async () => {},
    }
  }
  const alice: ReturnType<typeof make> = make('alice', () => bob)
  const bob: ReturnType<typeof make> = make('bob', () => alice)
  return [alice, bob] as const
}

const run = async (way: Way, signal = new AbortController().signal) => {
  const said: Record<string, unknown>[] = []
  const output = { say: async (_text: string, value: Record<string, unknown>) => void said.push(value) }
  const steps = createSteps(output as unknown as Output, signal)
  const [alice, bob] = twoUsers(way)
  const error = await converse(steps, alice, bob).then(
    () => null,
    (thrown: Error) => thrown.name,
  )
  const last = said.at(-1) ?? {}
  return { error, hasFailed: steps.hasFailed, name: last.name, ok: last.ok, detail: String(last.detail) }
}

describe('the conversation of a check', () => {
  it('passes where each text comes once and as it was', async () => {
    expect(await run({})).toMatchObject({ error: null, hasFailed: false, name: 'acknowledged', ok: true })
  })

  it('fails at the message whose text has changed, whose sender is another, or whose signatures do not hold', async () => {
    const ways: readonly [Partial<Message>, string][] = [
      [{ text: 'another' }, 'the text has changed on its way'],
      [{ from: 'mallory' }, 'another message came'],
      [{ verified: false }, 'signatures of the sender do not hold'],
    ]
    for (const [changed, detail] of ways) {
      const ran = await run({ change: message => ({ ...message, ...changed }) })
      expect(ran).toMatchObject({ error: 'StepFailed', hasFailed: true, name: 'message', ok: false })
      expect(ran.detail).toContain(detail)
    }
  })

  it('fails where a message comes twice', async () => {
    const ran = await run({ times: 2 })
    expect(ran).toMatchObject({ error: 'StepFailed', name: 'acknowledged', ok: false })
    expect(ran.detail).toContain('came more than once')
  })

  it('waits until the server has let go of what was received, and says so where it never does', async () => {
    let looks = 3
    expect(await run({ held: () => Math.max(0, looks--) })).toMatchObject({ error: null, ok: true })
    const stop = new AbortController()
    let seen = 0
    const held = () => {
      seen += 1
      if (seen === 3) stop.abort(new Error('the time is over'))
      return 1
    }
    const ran = await run({ held }, stop.signal)
    expect(ran).toMatchObject({ error: 'StepFailed', name: 'acknowledged', ok: false })
    expect(ran.detail).toMatch(/^the time is over: what was received stays at the server/)
  })
})
