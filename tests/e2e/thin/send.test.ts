import type { ManagedResult } from '@qsm/contract'
import { newId } from '@qsm/server-kit'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Answer, Person } from '../../../services/message/test/support/person.js'
import { connect, readAll, startThinService, type ThinService } from '../../support/thin-service.js'

let service: ThinService
let alice: Person
let bob: Person

beforeAll(async () => {
  service = await startThinService()
}, 60_000)
beforeEach(async () => {
  alice = await service.person()
  bob = await service.person()
  await connect(alice, bob)
})
afterEach(() => {
  service.between = (_, run) => run()
})
afterAll(() => service.close())

const send = (body: object, who: Pick<Person, 'call'> = alice) =>
  who.call('POST', '/api/message/send', { content: 'a text', recipient: bob.username, ...body })
const contents = async (reader: Person): Promise<string[]> =>
  (await readAll(reader)).map((message: { content: string }) => message.content)
/** Entries that stand in mailboxes of a user. */
const entriesOf = async (userId: string): Promise<number> =>
  (await service.context.database.query('SELECT 1 FROM message.entry WHERE user_id = $1', [userId])).length

const isSealing = (calls: readonly { readonly input: { readonly operation: string } }[]) =>
  calls.some(({ input }) => input.operation === 'seal')

/** Whether something was sealed: the first call may only ask for the answers to own requests. */
const hasSealed = (results: readonly ManagedResult[]): boolean =>
  results.some(result => 'output' in result && (result.output as { sends: unknown[] }).sends.length > 0)

describe('a send of a thin client', () => {
  it('goes to the only open session where it names nobody', async () => {
    const { status, body } = await alice.call('POST', '/api/message/send', { content: 'you know who you are' })
    expect([status, body.status, body.message_type]).toEqual([201, 'sent', 'secured'])
    expect(await contents(bob)).toEqual(['you know who you are'])
  })

  it('of many at once goes to whom each names, in any case of letters, or is told why not', async () => {
    const [carol, stranger] = [await service.person(), await service.person()]
    await connect(carol, alice)
    await carol.call('POST', `/api/connections/${bob.username}/block`)
    const given: readonly (readonly [Person, string, string])[] = [
      [alice, bob.username.toUpperCase(), 'alice to bob'],
      [alice, carol.username, 'alice to carol'],
      [carol, alice.username, 'carol to alice'],
      [bob, alice.username, 'bob to alice'],
      [alice, 'nobody-of-this-name', 'lost'],
      [alice, alice.username, 'to herself'],
      [alice, stranger.username, 'to a stranger'],
      [bob, carol.username, 'to one who blocks him'],
    ]
    const answers = await Promise.all(given.map(([who, recipient, content]) => send({ recipient, content }, who)))
    expect(answers.map(({ status, body }) => [status, body.error?.code ?? body.status])).toEqual([
      ...Array.from({ length: 4 }, () => [201, 'sent']),
      [404, 'not_found'],
      [400, 'validation_failed'],
      [403, 'not_connected'],
      [403, 'blocked'],
    ])
    expect((await contents(alice)).sort()).toEqual(['alice to bob', 'alice to carol', 'bob to alice', 'carol to alice'])
    expect((await contents(bob)).sort()).toEqual(['alice to bob', 'bob to alice'])
    expect((await contents(carol)).sort()).toEqual(['alice to carol', 'carol to alice'])
  })

  it('asks the database once who receives it, how they stand to each other and which devices they have', async () => {
    await send({ content: 'before' })
    const asked = vi.spyOn(pg.Client.prototype, 'query')
    try {
      await send({})
      const texts = asked.mock.calls.map(([first]) => String((first as { text?: string }).text ?? first))
      const about = (what: string) => texts.filter(text => text.includes(`FROM ${what}`)).length
      expect([
        about('message.account'),
        texts.filter(text => text.includes('record FROM message.device')).length,
      ]).toEqual([1, 1])
      // Once more by the statement for all that is asked when it is stored.
      expect(about('message.connection')).toBe(2)
    } finally {
      asked.mockRestore()
    }
  })

  it('is sealed for the devices of now where the own one was lost and is made anew for it', async () => {
    await send({ content: 'before' })
    await service.crypto('DELETE FROM crypto.device WHERE user_id = $1', [alice.userId])
    const { status, body } = await send({ content: 'after' })
    expect([status, body.status]).toEqual([201, 'sent'])
    expect(await contents(bob)).toEqual(['before', 'after'])
  })

  it('carries any text, up to the longest', async () => {
    const texts = ['ä€𝄞', '{"type":"end"}', ' ', '𝄞'.repeat(32_768), 'x'.repeat(65_536)]
    for (const content of texts) expect((await send({ content })).status).toBe(201)
    expect(await contents(bob)).toEqual(texts)
    expect(await contents(alice)).toEqual(texts)
  })

  it('under the same id gives the first answer, also after a block, and while nobody seals', async () => {
    const body = { client_message_id: newId() }
    const first = await send(body)
    expect(first.status).toBe(201)
    service.clock.advance(5_000)
    await bob.call('POST', `/api/connections/${alice.username}/block`)
    service.between = async () => {
      throw new Error('away')
    }
    expect(await send(body)).toEqual(first)
    expect(await entriesOf(bob.userId)).toBe(1)
  })

  it.each([
    ['another text', { content: 'another' }],
    ['another type', { message_type: 'critical' }],
    ['another receiver', { recipient: 'somebody' }],
  ])('under the same id with %s is a conflict', async (_, change) => {
    const client_message_id = newId()
    expect((await send({ client_message_id })).status).toBe(201)
    const answer = await send({ client_message_id, ...change })
    expect([answer.status, answer.body.error.code]).toEqual([409, 'idempotency_conflict'])
    expect(await entriesOf(bob.userId)).toBe(1)
  })

  it('that comes many times at once, on two pods, is one message with one answer', async () => {
    const pod = await service.secondPod()
    try {
      const body = { client_message_id: newId(), message_type: 'critical' }
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, index) => send(body, index % 2 === 0 ? alice : pod.as(alice))),
      )
      for (const answer of answers) expect(answer).toEqual(answers[0])
      expect(answers[0]?.status).toBe(201)
      expect(await contents(bob)).toEqual(['a text'])
      expect(await contents(alice)).toEqual(['a text'])
    } finally {
      await pod.close()
    }
  })

  it('and others at once under one id: one of the texts is sent, the rest are conflicts', async () => {
    const client_message_id = newId()
    const answers = await Promise.all(['one', 'two', 'three'].map(content => send({ client_message_id, content })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    expect(await contents(bob)).toHaveLength(1)
  })

  it('that was sealed by a pod that died before it stored it is stored once by the repeat', async () => {
    const body = { client_message_id: newId(), message_type: 'critical' }
    service.between = async (calls, run) => {
      const results = await run()
      if (isSealing(calls) && hasSealed(results)) throw new Error('the pod died here')
      return results
    }
    expect((await send(body)).status).toBe(503)
    expect(await entriesOf(bob.userId)).toBe(0)
    service.between = (_, run) => run()
    expect((await send(body)).status).toBe(201)
    expect((await send(body)).status).toBe(201)
    expect(await readAll(bob)).toMatchObject([{ content: 'a text', message_type: 'critical' }])
    expect(await readAll(alice)).toMatchObject([{ content: 'a text', is_mine: true }])
  })

  it('that was stored by a pod that died before it answered is not stored again', async () => {
    const body = { client_message_id: newId() }
    const first = await send(body)
    await service.context.database.query('DELETE FROM message.thin_send WHERE user_id = $1', [alice.userId])
    expect(await send(body)).toEqual(first)
    expect(await contents(bob)).toEqual(['a text'])
  })

  it('is sealed anew, under its ids, where a device was added while it was sealed; a twin meanwhile is the same', async () => {
    const body = { client_message_id: newId(), message_type: 'critical' }
    const phone = await bob.drawDevice()
    const login = bob.login()
    const addPhone = async () => {
      await login.bind(phone)
      const prekeys = [Buffer.from(await phone.prekey(1, 1)).toString('base64')]
      await login.call('PUT', `/api/devices/${phone.deviceId}/prekeys`, { prekeys })
    }
    const twins: Answer[] = []
    service.between = async (calls, run) => {
      const results = await run()
      if (!isSealing(calls) || !hasSealed(results)) return results
      service.between = (_, again) => again()
      await addPhone()
      twins.push(await send(body))
      return results
    }
    const sent = await send(body)
    expect(sent.status).toBe(201)
    expect(twins).toEqual([sent])
    expect(await readAll(bob)).toMatchObject([{ id: sent.body.message_id, message_type: 'critical' }])
    const page = (await login.call('GET', '/api/messages')).body.messages
    expect(page).toHaveLength(2) // That it is critical, and the text.
  })

  it('to a device that has put up no prekeys says which one, and seals nothing', async () => {
    const phone = await bob.drawDevice()
    await bob.login().bind(phone)
    const { status, body } = await send({})
    expect([status, body.error.code]).toEqual([409, 'conflict'])
    expect(body.error.message).toContain(`device ${phone.deviceId}`)
    await bob.call('DELETE', `/api/devices/${phone.deviceId}`)
    expect((await send({})).status).toBe(201)
    expect(await contents(bob)).toEqual(['a text'])
  })

  it('to somebody who blocks, or is blocked, is refused before anything is sealed', async () => {
    let sealed = 0
    service.between = (calls, run) => {
      if (isSealing(calls)) sealed += 1
      return run()
    }
    await bob.call('POST', `/api/connections/${alice.username}/block`)
    const answers = [await send({}), await send({ recipient: alice.username }, bob)]
    expect(answers.map(({ status, body }) => [status, body.error.code])).toEqual([
      [403, 'blocked'],
      [403, 'blocked'],
    ])
    expect(sealed).toBe(0)
  })

  it('stores the own copy in the transaction of the message, in the order of the mailbox', async () => {
    await send({ content: 'one' })
    await send({ content: 'two', recipient: alice.username }, bob)
    await send({ content: 'three' })
    const messages = await readAll(alice)
    expect(messages.map(({ content, is_mine }: { content: string; is_mine: boolean }) => [content, is_mine])).toEqual([
      ['one', true],
      ['two', false],
      ['three', true],
    ])
    const [row] = await service.context.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM message.seen WHERE sender_user = $1`,
      [alice.userId],
    )
    expect(row?.count).toBe(2)
  })
})

it('two hundred messages of two sides at once all arrive, each in the order of its sender', async () => {
  const talk = async (from: Person, to: Person) => {
    for (let count = 0; count < 25; count += 1) {
      const answers = await Promise.all(
        [0, 1, 2, 3].map(lane => send({ content: `${lane}/${count}`, recipient: to.username }, from)),
      )
      for (const { status } of answers) expect(status).toBe(201)
    }
  }
  await Promise.all([talk(alice, bob), talk(bob, alice)])
  for (const reader of [alice, bob]) {
    const seen: { content: string; is_mine: boolean }[] = []
    for (let after = 0, more = true; more; ) {
      const { body } = await reader.call('GET', `/api/messages?after=${after}&limit=30`)
      seen.push(...body.messages)
      after = body.next
      more = body.more
    }
    expect(seen).toHaveLength(200)
    for (const mine of [true, false]) {
      for (const lane of ['0', '1', '2', '3']) {
        const counts = seen
          .filter(({ content, is_mine }) => is_mine === mine && content.startsWith(`${lane}/`))
          .map(({ content }) => Number(content.slice(2)))
        expect(counts).toEqual(Array.from({ length: 25 }, (_, index) => index))
      }
    }
  }
}, 120_000)
