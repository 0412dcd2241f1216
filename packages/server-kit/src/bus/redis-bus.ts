import { type Hint, hint as hintSchema } from '@qsm/contract'
import { newId } from '../ids.js'
import type { Logger } from '../log.js'
import type { Metrics } from '../metrics/registry.js'
import { createRedisConnection, type RedisAddress, type RedisConnection } from '../redis/connections.js'
import { tellRefusals } from '../redis/tell-refusals.js'
import type { Bus } from './bus.js'
import { channelOf, channelOfPod, channelOfUser, everybody } from './channels.js'
import { HandOut } from './hand-out.js'
import { decodePacket, encodePacket, maxHintsInPacket } from './packet.js'
import { newPodAddress } from './pod-address.js'

export interface RedisBusOptions extends RedisAddress {
  readonly log: Logger
  readonly metrics: Metrics
  /** A handler that failed. */
  readonly onError: (error: unknown) => void
}

/** A silent server is noticed by a question that it does not answer. */
const askEveryMs = 3_000

const meters = (metrics: Metrics, isUp: () => boolean) => {
  metrics.gauge({
    name: 'qsm_bus_up',
    help: '1 while hints of other pods come over Redis, 0 while sockets are fed by polling.',
    collect: () => (isUp() ? 1 : 0),
  })
  const counter = (name: string, help: string) => metrics.counter({ name: `qsm_bus_${name}_total`, help })
  return {
    sent: counter('hints_sent', 'Hints given to Redis.'),
    packets: counter('packets_sent', 'Messages in which they were packed.'),
    received: counter('hints_received', 'Hints of other pods.'),
    refused: counter('hints_refused', 'What came over Redis and was no hint.'),
    dropped: counter('hints_dropped', 'Hints that Redis did not take; whoever waits for them polls.'),
  }
}

const withShards = (connection: RedisConnection): boolean => 'nodes' in connection

/**
 * The bus of several pods, over Redis Pub/Sub. Hints of one turn of the event loop go out packed, one message for each
 * channel; this pod gets its own at once, Redis or not. A hint for a socket goes to the channel of its pod alone. Where nobody
 * knows the pod, users are hashed onto a fixed number of channels, and a pod hears those of the users that it wants. While
 * Redis is away hints are dropped and counted.
 */
export const createRedisBus = (options: RedisBusOptions): Bus => {
  const { log, metrics } = options
  const from = newId()
  const podAddress = newPodAddress()
  const ownChannel = channelOfPod(podAddress)
  const handOut = new HandOut(options.onError)
  const publisher = createRedisConnection(options)
  const subscriber = createRedisConnection(options)
  /** How many want each channel. */
  const wanted = new Map<string, number>([
    [everybody, 1],
    [ownChannel, 1],
  ])
  const subscribed = new Set<string>()
  let isUp = false
  let closed = false
  let waiting: { readonly hint: Hint; readonly channel: string }[] = []
  let subscriptionsChanged = false
  const meter = meters(metrics, () => isUp)

  const send = (channel: string, hints: readonly Hint[]) => {
    const packet = encodePacket({ from, hints })
    const done = withShards(publisher) ? publisher.spublish(channel, packet) : publisher.publish(channel, packet)
    done.then(
      () => {
        meter.packets.inc()
        meter.sent.inc(hints.length)
      },
      () => meter.dropped.inc(hints.length),
    )
  }
  const flush = () => {
    const flushed = waiting
    waiting = []
    const byChannel = new Map<string, Hint[]>()
    for (const { hint, channel } of flushed) {
      if (channel === ownChannel) continue
      const packed = byChannel.get(channel)
      if (packed) packed.push(hint)
      else byChannel.set(channel, [hint])
    }
    for (const [channel, packed] of byChannel) {
      for (let start = 0; start < packed.length; start += maxHintsInPacket) {
        send(channel, packed.slice(start, start + maxHintsInPacket))
      }
    }
    handOut.give(flushed.map(({ hint }) => hint))
  }

  const receive = (_channel: string, text: string) => {
    const { packet, refused } = decodePacket(text)
    if (refused > 0) meter.refused.inc(refused)
    if (!packet || packet.from === from || closed) return
    meter.received.inc(packet.hints.length)
    handOut.give(packet.hints)
  }
  subscriber.on(withShards(subscriber) ? 'smessage' : 'message', receive)

  const changeSubscriptions = async (): Promise<void> => {
    subscriptionsChanged = false
    if (!isUp || closed) return
    const more = [...wanted.keys()].filter(channel => !subscribed.has(channel))
    const less = [...subscribed].filter(channel => !wanted.has(channel))
    const isSharded = withShards(subscriber)
    // A cluster takes together only what lies in one slot.
    const groups = (channels: readonly string[]) => (isSharded ? channels.map(channel => [channel]) : [channels])
    try {
      for (const channel of more) subscribed.add(channel)
      for (const channel of less) subscribed.delete(channel)
      await Promise.all([
        ...groups(more).map(
          some => some.length > 0 && (isSharded ? subscriber.ssubscribe(...some) : subscriber.subscribe(...some)),
        ),
        ...groups(less).map(
          some => some.length > 0 && (isSharded ? subscriber.sunsubscribe(...some) : subscriber.unsubscribe(...some)),
        ),
      ])
    } catch (error) {
      log.warn({ err: error }, 'channels of Redis were not subscribed; the connection is made anew')
      subscriber.disconnect(true)
    }
  }
  const laterChangeSubscriptions = () => {
    if (subscriptionsChanged) return
    subscriptionsChanged = true
    setImmediate(() => void changeSubscriptions())
  }

  subscriber.on('ready', () => {
    isUp = true
    subscribed.clear()
    log.info('hints of other pods come over Redis')
    void changeSubscriptions()
  })
  subscriber.on('close', () => {
    if (isUp && !closed) log.warn('Redis is away: what other pods store is found by polling within 10 s')
    isUp = false
  })
  // Each attempt that fails; the two lines above say what it means.
  tellRefusals([publisher, subscriber], log)

  const ask = setInterval(() => {
    for (const connection of [publisher, subscriber]) {
      if (connection.status === 'ready')
        connection.ping().catch(error => log.debug({ err: error }, 'Redis does not answer'))
    }
  }, askEveryMs).unref()
  for (const connection of [publisher, subscriber]) {
    connection.connect().catch(error => log.debug({ err: error }, 'Redis is not there yet'))
  }

  return {
    get state() {
      return isUp ? 'ok' : 'unavailable'
    },
    podAddress,
    publish(hint, to) {
      if (closed) return
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ hint: hintSchema.parse(hint), channel: to ? channelOfPod(to) : channelOf(hint) })
    },
    subscribe: (kind, handler) => handOut.subscribe(kind, handler),
    want(userId) {
      const channel = channelOfUser(userId)
      const before = wanted.get(channel) ?? 0
      wanted.set(channel, before + 1)
      if (before === 0) laterChangeSubscriptions()
      let ended = false
      return () => {
        if (ended) return
        ended = true
        const left = (wanted.get(channel) ?? 1) - 1
        if (left > 0) return void wanted.set(channel, left)
        wanted.delete(channel)
        laterChangeSubscriptions()
      }
    },
    async close() {
      closed = true
      waiting = []
      clearInterval(ask)
      handOut.clear()
      publisher.disconnect()
      subscriber.disconnect()
    },
  }
}
