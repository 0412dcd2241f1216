import type { Hint } from '@qsm/contract'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { hasRedis, startRedis, type TestRedis } from '../../../tests/support/redis.js'
import { withRightsOfManual } from '../../../tests/support/redis-rights.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { channelOfUser } from '../src/bus/channels.js'
import { type Bus, createMetrics, createRedisBus, newId, podAddressOf, socketIdAt } from '../src/index.js'
import { busSuite } from './bus-suite.js'

const userId = '01890a5d-ac96-774b-bcce-b302099a8057'
const mailbox = (user_id: string, device_id: number): Hint => ({ kind: 'mailbox', user_id, device_id })
const patience = { timeout: 20_000, interval: 20 }

describe.skipIf(!hasRedis)(
  hasRedis ? 'the bus over Redis' : 'the bus over Redis: not run, no redis-server here',
  () => {
    let redis: TestRedis
    const open: Bus[] = []
    const connect = async ({ url = redis.url, cluster = false, onError = (_error: unknown) => {} } = {}) => {
      const metrics = createMetrics()
      const bus = createRedisBus({ url, cluster, sentinels: [], sentinelName: '', log: silentLog, metrics, onError })
      open.push(bus)
      await vi.waitFor(() => expect(bus.state).toBe('ok'), patience)
      const metric = async (name: string) =>
        Number(new RegExp(`^${name} (\\S+)$`, 'm').exec((await metrics.text()).body)?.[1])
      return { bus, metric }
    }
    const subscribers = (user: string, count: number, command = 'NUMSUB') =>
      vi.waitFor(() => {
        const answer = redis.command('PUBSUB', command, channelOfUser(user)).split('\n')
        expect(Number(answer[1])).toBe(count)
      }, patience)
    const heardBy = (bus: Bus) => {
      const heard: number[] = []
      bus.subscribe('mailbox', hint => heard.push(hint.device_id))
      return heard
    }
    /** Two pods of which the second wants the user. */
    const pair = async (options: Parameters<typeof connect>[0] = {}) => {
      const [one, other] = [await connect(options), await connect(options)]
      other.bus.want(userId)
      const heard = heardBy(other.bus)
      await subscribers(userId, 1, options.cluster ? 'SHARDNUMSUB' : 'NUMSUB')
      return { one, other, heard }
    }

    beforeAll(async () => {
      redis = await startRedis()
    })
    afterEach(async () => {
      for (const bus of open.splice(0)) await bus.close()
    })
    afterAll(() => redis.close())

    describe('does what every bus does', () => {
      busSuite(async onError => {
        const { bus } = await connect({ onError })
        bus.want(userId)
        await subscribers(userId, open.length)
        return bus
      })
    })

    test('hears of the users that it wants, until it wants them no more, and always what is for all', async () => {
      const { one, other, heard } = await pair()
      let events = 0
      other.bus.subscribe('account-events', () => {
        events += 1
      })
      const stranger = Array.from({ length: 20 }, newId).find(
        id => channelOfUser(id) !== channelOfUser(userId),
      ) as string
      one.bus.publish(mailbox(stranger, 1))
      one.bus.publish(mailbox(userId, 2))
      one.bus.publish({ kind: 'account-events' })
      await vi.waitFor(() => expect([heard, events]).toEqual([[2], 1]), patience)
      const end = other.bus.want(stranger)
      await subscribers(stranger, 1)
      one.bus.publish(mailbox(stranger, 3))
      await vi.waitFor(() => expect(heard).toEqual([2, 3]), patience)
      end()
      end()
      await subscribers(stranger, 0)
      await subscribers(userId, 1)
    })

    test('packs what is hinted in one turn, and gives its own to itself once', async () => {
      const { one, other, heard } = await pair()
      one.bus.want(userId)
      await subscribers(userId, 2)
      const own = heardBy(one.bus)
      const all = Array.from({ length: 1_200 }, (_, index) => index + 1)
      for (const deviceId of all) one.bus.publish(mailbox(userId, deviceId))
      await vi.waitFor(() => expect(heard).toEqual(all), patience)
      expect(own).toEqual(all)
      // Redis hands on before it answers, and what it has answered is counted.
      await vi.waitFor(async () => {
        expect(await one.metric('qsm_bus_packets_sent_total')).toBe(3)
        expect(await one.metric('qsm_bus_hints_sent_total')).toBe(1_200)
      }, patience)
      expect(await other.metric('qsm_bus_hints_received_total')).toBe(1_200)
    })

    test('sends a hint for a socket to the pod that its id names, whoever else wants the user', async () => {
      const pods = [await connect(), await connect(), await connect()] as const
      for (const { bus } of pods) bus.want(userId)
      await subscribers(userId, pods.length)
      const heard = pods.map(({ bus }) => heardBy(bus))
      const [here, there] = pods.map(({ bus }) => podAddressOf(socketIdAt(bus.podAddress))) as [string, string]
      pods[0].bus.publish(mailbox(userId, 1), there)
      pods[0].bus.publish(mailbox(userId, 2), here)
      // Of a socket whose id names no pod: all hear it.
      pods[0].bus.publish(mailbox(userId, 3), podAddressOf(newId()))
      await vi.waitFor(() => expect(heard).toEqual([[1, 2, 3], [1, 3], [3]]), patience)
      await vi.waitFor(async () => expect(await pods[0].metric('qsm_bus_hints_sent_total')).toBe(2), patience)
    })

    test('is not harmed by what others write to its channels, and counts it', async () => {
      const { one, other, heard } = await pair()
      const packet = (hints: unknown, from: unknown = 'x') => JSON.stringify({ from, hints })
      const junk = [
        'no json',
        'null',
        '[]',
        packet('no list'),
        packet([], 7),
        packet([{ kind: 'other' }, { kind: 'mailbox', user_id: 'x', device_id: 1 }]),
        packet([{ ...mailbox(userId, 1), text: 'content' }]),
        packet(['x'.repeat(300_000)]),
      ]
      for (const text of junk) redis.command('PUBLISH', channelOfUser(userId), text)
      redis.command('PUBLISH', channelOfUser(userId), packet([mailbox(userId, 8), { kind: 1 }, mailbox(userId, 8)]))
      one.bus.publish(mailbox(userId, 9))
      await vi.waitFor(() => expect(heard).toEqual([8, 8, 9]), patience)
      expect(await other.metric('qsm_bus_hints_refused_total')).toBe(10)
    })

    test('goes on within the pod while Redis is away, and between pods when it is back', async () => {
      const { one, other, heard } = await pair()
      await redis.kill()
      await vi.waitFor(() => expect([one.bus.state, other.bus.state]).toEqual(['unavailable', 'unavailable']), patience)
      const own = heardBy(one.bus)
      one.bus.publish(mailbox(userId, 1))
      await vi.waitFor(() => expect(own).toEqual([1]), patience)
      await vi.waitFor(async () => expect(await one.metric('qsm_bus_hints_dropped_total')).toBe(1), patience)
      expect(await one.metric('qsm_bus_up')).toBe(0)
      await redis.restart()
      await subscribers(userId, 1)
      await vi.waitFor(() => {
        one.bus.publish(mailbox(userId, 2))
        expect(heard).toContain(2)
      }, patience)
      expect(heard).not.toContain(1)
    })

    test('notices a Redis that stands still, and goes on when it answers again', async () => {
      const { one, other, heard } = await pair()
      redis.freeze()
      try {
        await vi.waitFor(
          () => expect([one.bus.state, other.bus.state]).toEqual(['unavailable', 'unavailable']),
          patience,
        )
      } finally {
        redis.thaw()
      }
      await vi.waitFor(() => expect([one.bus.state, other.bus.state]).toEqual(['ok', 'ok']), patience)
      await vi.waitFor(() => {
        one.bus.publish(mailbox(userId, 2))
        expect(heard).toContain(2)
      }, patience)
    })

    test('subscribes again after Redis has cut it off, as it does with slow readers', async () => {
      const { one, heard } = await pair()
      redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await vi.waitFor(() => {
        one.bus.publish(mailbox(userId, 2))
        expect(heard).toContain(2)
      }, patience)
    })

    test('needs no more than the rights of Pub/Sub on its own channels', async () => {
      redis.command(
        'ACL',
        'SETUSER',
        'qsm',
        'on',
        '>a/pass:word',
        'resetchannels',
        '&qsm:*',
        '-@all',
        '+@connection',
        '+@pubsub',
      )
      const { one, heard } = await pair({
        url: `redis://qsm:${encodeURIComponent('a/pass:word')}@127.0.0.1:${redis.port}`,
      })
      one.bus.publish(mailbox(userId, 1))
      await vi.waitFor(() => expect(heard).toEqual([1]), patience)
    })

    test('uses sharded Pub/Sub of a Redis Cluster', async () => {
      const single = redis
      redis = await startRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
      try {
        redis.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
        const { one, heard } = await pair({ url: withRightsOfManual(redis, { cluster: true }), cluster: true })
        one.bus.publish(mailbox(userId, 1))
        await vi.waitFor(() => expect(heard).toEqual([1]), patience)
      } finally {
        for (const bus of open.splice(0)) await bus.close()
        await redis.close()
        redis = single
      }
    })
  },
)
