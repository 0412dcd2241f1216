import { setTimeout as sleep } from 'node:timers/promises'
import { newId } from '@qsm/server-kit'
import { createRedisConnection } from '../../packages/server-kit/src/redis/connections.js'
import type { Replicas } from '../../tests/support/replicas.js'
import type { Fault } from './fault.js'

const connect = async (replicas: Replicas) => {
  const address = { url: replicas.redisUrl(), sentinels: [], sentinelName: '', cluster: false }
  const connection = createRedisConnection(address)
  connection.on('error', error => console.error(`Redis: ${error.message}`))
  await connection.connect()
  return connection
}

interface Packet {
  readonly hints: readonly Record<string, unknown>[]
}

/** Hints as they could be: of numbers that are not there yet, or of nobody. */
const forge = ({ hints }: Packet): Packet => ({
  hints: hints.flatMap(hint => [
    { ...hint, ...('sequence' in hint ? { sequence: Number(hint.sequence) + 1_000 } : {}) },
    { ...hint, user_id: newId() },
    { ...hint, kind: 'socket-opened', device_id: 1, socket_id: newId() },
    { kind: 'device-removed', user_id: newId(), device_id: 1 },
  ]),
})
const junk = [
  '',
  '{',
  'null',
  '[]',
  '{"from":1,"hints":[]}',
  '{"from":"x","hints":[null,{"kind":"mailbox"}]}',
  'x'.repeat(300_000),
]
const listenMs = 1_000

/** For a second everything that goes over Redis comes twice more, forged and in the wrong order, with junk in between. */
const forgeAndDouble = async (replicas: Replicas): Promise<void> => {
  const listener = await connect(replicas)
  const speaker = await connect(replicas)
  const own = new Set<string>()
  const say = (channel: string, text: string) => {
    own.add(text)
    return speaker.publish(channel, text)
  }
  let heard = 0
  let isOver = false
  const said: Promise<unknown>[] = []
  try {
    listener.on('pmessage', (_pattern: string, channel: string, text: string) => {
      if (isOver || own.has(text)) return
      heard += 1
      const packet = JSON.parse(text) as Packet
      // Under another name: a pod leaves out what it has said itself.
      const again = { from: newId(), hints: packet.hints }
      for (const sent of [{ from: newId(), ...forge(packet) }, again, { ...again, from: newId() }]) {
        said.push(say(channel, JSON.stringify(sent)))
      }
    })
    await listener.psubscribe('qsm:hints:*')
    for (const text of junk) await say('qsm:hints:all', text)
    await sleep(listenMs)
    isOver = true
    await Promise.all(said)
    if (heard === 0) throw new Error('no hint was heard, so none was doubled')
  } finally {
    listener.disconnect()
    speaker.disconnect()
  }
}

const flushAll = async (replicas: Replicas): Promise<void> => {
  const connection = await connect(replicas)
  try {
    await connection.flushall()
  } finally {
    connection.disconnect()
  }
}

export const redisFaults: readonly Fault[] = [
  { name: 'FLUSHALL', times: 20, act: flushAll },
  { name: 'forged and doubled hints for 1 s', times: 20, act: forgeAndDouble },
]
