import { newId } from '@qsm/server-kit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Person } from '../../../services/message/test/support/person.js'
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

const say = async (content: string, more: object = {}): Promise<string> => {
  const { status, body } = await alice.call('POST', '/api/message/send', { content, recipient: bob.username, ...more })
  expect(status).toBe(201)
  return body.message_id
}
const page = async (query: string) => (await bob.call('GET', `/api/messages${query}`)).body
const acknowledge = (who: Pick<Person, 'call'>, up_to: number) => who.call('POST', '/api/messages/ack', { up_to })
const textsIn = (messages: readonly { content: string }[]): string[] => messages.map(({ content }) => content)

describe('what a thin client reads', () => {
  it('begins behind its last acknowledgement, goes on page by page, and ends', async () => {
    for (let count = 1; count <= 5; count += 1) await say(`text ${count}`)
    expect(await page('?limit=2')).toMatchObject({ next: 2, more: true })
    expect(textsIn((await page('?after=2&limit=2')).messages)).toEqual(['text 3', 'text 4'])
    const last = await page('?after=4')
    expect(last).toMatchObject({ next: 5, more: false })
    expect(textsIn(last.messages)).toEqual(['text 5'])
    expect(await page('?after=5')).toMatchObject({ messages: [], next: 5, more: false, epoch: last.epoch })
    expect((await acknowledge(bob, 3)).status).toBe(204)
    expect(textsIn((await page('')).messages)).toEqual(['text 4', 'text 5'])
  })

  it('stays readable after it was acknowledged, and says what was read', async () => {
    for (const content of ['one', 'two']) await say(content)
    await acknowledge(bob, 1)
    expect((await page('?after=0')).messages).toMatchObject([
      { content: 'one', is_read: true },
      { content: 'two', is_read: false },
    ])
  })

  it('is nothing, and makes no device, before there is one', async () => {
    const carol = await service.person()
    expect((await carol.call('GET', '/api/messages')).body).toEqual({ messages: [], next: 0, more: false, epoch: 0 })
    expect((await carol.call('GET', '/api/messages?after=7')).body.next).toBe(7)
    expect((await acknowledge(carol, 0)).status).toBe(204)
    expect((await carol.call('GET', '/api/devices')).body.devices).toEqual([])
  })

  it('of a long backlog comes whole, in order, over two pods and by two readers at once', async () => {
    const pod = await service.secondPod()
    try {
      const sent = Array.from({ length: 130 }, (_, index) => `text ${index}`)
      for (const content of sent) await say(content)
      const readBy = async (reader: Pick<Person, 'call'>): Promise<string[]> => {
        const seen: string[] = []
        for (let after = 0, more = true; more; ) {
          const { body } = await reader.call('GET', `/api/messages?after=${after}&limit=40`)
          seen.push(...textsIn(body.messages))
          after = body.next
          more = body.more
        }
        return seen
      }
      const [one, two] = await Promise.all([readBy(bob), readBy(pod.as(bob))])
      expect(one).toEqual(sent)
      expect(two).toEqual(sent)
    } finally {
      await pod.close()
    }
  }, 120_000)

  it('of a user who is gone keeps its text', async () => {
    await say('remember me')
    const at = new Date(service.clock.now()).toISOString()
    const { userId: user_id, username } = alice
    service.feed.add({ type: 'deleted', user_id, username, session_id: null, at })
    await Promise.all([service.app.accounts.sync(), service.quantum.owners.sync()])
    expect(await readAll(bob)).toMatchObject([{ content: 'remember me', sender_username: 'deleted-user' }])
  })

  it('from a device that was removed since is opened all the same', async () => {
    await say('sent before')
    const [device] = (await alice.call('GET', '/api/devices')).body.devices
    expect((await alice.call('DELETE', `/api/devices/${device.device_id}`)).status).toBe(204)
    expect(textsIn(await readAll(bob))).toEqual(['sent before'])
  })

  it('goes on while prekeys are used up: they are filled up in the background', async () => {
    const held = async () => {
      const [device] = (await bob.call('GET', '/api/devices')).body.devices
      return (await bob.call('GET', `/api/devices/${device.device_id}/prekeys`)).body
    }
    await expect.poll(held, { timeout: 30_000 }).toMatchObject({ one_time: 60, last_resort: 1 })
    await service.context.database.query(
      `DELETE FROM message.prekey WHERE user_id = $1 AND kind = 1 AND prekey_id > (
         SELECT prekey_id FROM message.prekey WHERE user_id = $1 AND kind = 1 ORDER BY prekey_id OFFSET 4 LIMIT 1)`,
      [bob.userId],
    )
    const carol = await service.person()
    await carol.call('POST', `/api/users/${bob.username}/bundles`)
    await carol.call('POST', '/api/message/send', { content: 'by one of the last five', recipient: bob.username })
    await readAll(bob)
    await expect.poll(held, { timeout: 30_000 }).toMatchObject({ one_time: 60, last_resort: 1 })
  }, 90_000)
})

describe('a critical message', () => {
  it('is listed until it is read, wherever the reader stands, and its sender sees when that was', async () => {
    await say('ordinary')
    const id = await say('critical', { message_type: 'critical' })
    await say('later')
    const { next } = await page('')
    const behind = await page(`?after=${next}`)
    expect(behind.messages).toMatchObject([{ id, content: 'critical', message_type: 'critical', is_read: false }])
    const own = () => readAll(alice)
    expect(await own()).toMatchObject([{ is_read: false }, { id, is_mine: true, is_read: false }, { is_read: false }])
    expect((await acknowledge(bob, next)).status).toBe(204)
    expect((await page(`?after=${next}`)).messages).toEqual([])
    expect(await own()).toMatchObject([{ is_read: false }, { id, is_read: true }, { is_read: false }])
  })

  it('gets its receipt at the next acknowledgement where it could not be stored', async () => {
    await say('critical', { message_type: 'critical' })
    const { next } = await page('')
    service.between = async (calls, run) => {
      if (calls.some(({ input }) => input.operation === 'seal')) throw new Error('away')
      return run()
    }
    expect((await acknowledge(bob, next)).status).toBe(503)
    expect(await readAll(alice)).toMatchObject([{ is_read: false }])
    service.between = (_, run) => run()
    expect((await acknowledge(bob, next)).status).toBe(204)
    expect(await readAll(alice)).toMatchObject([{ is_read: true }])
  })

  it('whose sender was blocked since is acknowledged without a receipt', async () => {
    await say('critical', { message_type: 'critical' })
    const { next } = await page('')
    await bob.call('POST', `/api/connections/${alice.username}/block`)
    expect((await acknowledge(bob, next)).status).toBe(204)
    expect(await readAll(alice)).toMatchObject([{ is_read: false }])
  })
})

describe('deleting a message', () => {
  it('takes it from its user alone, opened or not', async () => {
    const opened = await say('opened')
    await readAll(bob)
    const later = await say('not opened yet')
    for (const id of [opened, later]) expect((await bob.call('DELETE', `/api/message/${id}`)).status).toBe(204)
    expect(await readAll(bob)).toEqual([])
    expect(textsIn(await readAll(alice))).toEqual(['opened', 'not opened yet'])
    expect((await bob.call('DELETE', `/api/message/${opened}`)).status).toBe(404)
    await say('still fine')
    expect(textsIn(await readAll(bob))).toEqual(['still fine'])
  })

  it('is not said to be done while what was opened cannot be deleted', async () => {
    const id = await say('opened')
    await readAll(bob)
    service.between = async () => {
      throw new Error('away')
    }
    expect((await bob.call('DELETE', `/api/message/${id}`)).status).toBe(503)
    service.between = (_, run) => run()
    expect(textsIn(await readAll(bob))).toEqual(['opened'])
    expect((await bob.call('DELETE', `/api/message/${id}`)).status).toBe(204)
  })
})

it('counts what a thin client has, without its notes to itself', async () => {
  await say('one')
  await say('two', { client_message_id: newId() })
  expect((await alice.call('GET', '/api/stats')).body).toMatchObject({
    devices: 1,
    connections: 1,
    messages_sent: 2,
    messages_waiting: 0,
  })
  expect((await bob.call('GET', '/api/stats')).body).toMatchObject({ messages_sent: 0, messages_waiting: 2 })
})
