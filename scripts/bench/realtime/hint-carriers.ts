import { createLog, createMetrics, createRedisBus, newId } from '@qsm/server-kit'
import { createRedisConnection } from '../../../packages/server-kit/src/redis/connections.js'

/** One pod's part in carrying hints to whichever pod has the user's sockets. */
export interface HintCarrier {
  want(userId: string): void
  publish(userId: string, number: number): void
  close(): Promise<void>
}

export type MakeCarrier = (redisUrl: string, onHint: (userId: string, number: number) => void) => HintCarrier

const addressOf = (url: string) => ({ url, sentinels: [], sentinelName: '', cluster: false })

/** QSM's own bus: users hashed onto a fixed number of channels, a pod hears those of its users. */
export const hashedChannels: MakeCarrier = (redisUrl, onHint) => {
  const log = createLog({ level: 'warn', service: 'bench' })
  const onError = (error: unknown) => log.error({ err: error }, 'a hint was not handled')
  const bus = createRedisBus({ ...addressOf(redisUrl), log, metrics: createMetrics(), onError })
  bus.subscribe('mailbox', hint => onHint(hint.user_id, hint.sequence ?? 0))
  return {
    want: userId => void bus.want(userId),
    publish: (userId, number) => bus.publish({ kind: 'mailbox', user_id: userId, device_id: 1, sequence: number }),
    close: () => bus.close(),
  }
}

interface Waiting {
  readonly userId: string
  readonly number: number
}

/** The other way: a table in Redis says which pods have a user, each pod hears one channel. Packed by turn as well. */
export const routingTable: MakeCarrier = (redisUrl, onHint) => {
  const podId = newId()
  const publisher = createRedisConnection(addressOf(redisUrl))
  const subscriber = createRedisConnection(addressOf(redisUrl))
  for (const connection of [publisher, subscriber]) connection.on('error', error => console.error(error))
  const ready = Promise.all([publisher.connect(), subscriber.connect()]).then(() =>
    subscriber.subscribe(`pod:${podId}`),
  )
  subscriber.on('message', (_channel: string, text: string) => {
    for (const { userId, number } of JSON.parse(text) as Waiting[]) onHint(userId, number)
  })
  let waiting: Waiting[] = []
  const flush = async () => {
    const hints = waiting
    waiting = []
    const pods = await Promise.all(hints.map(({ userId }) => publisher.smembers(`route:${userId}`)))
    const byPod = new Map<string, Waiting[]>()
    for (const [at, hint] of hints.entries()) {
      for (const pod of pods[at] ?? []) byPod.set(pod, [...(byPod.get(pod) ?? []), hint])
    }
    await Promise.all([...byPod].map(([pod, packed]) => publisher.publish(`pod:${pod}`, JSON.stringify(packed))))
  }
  return {
    want: userId => void ready.then(() => publisher.sadd(`route:${userId}`, podId)),
    publish(userId, number) {
      if (waiting.length === 0) setImmediate(() => void flush())
      waiting.push({ userId, number })
    },
    async close() {
      publisher.disconnect()
      subscriber.disconnect()
    },
  }
}
