import { randomInt, randomUUID } from 'node:crypto'
import { createTokens, newId, systemClock } from '@qsm/server-kit'
import WebSocket from 'ws'
import type { Replicas } from '../../../tests/support/replicas.js'
import type { IdleDevice } from '../realtime/idle-devices.js'
import { type DeviceRow, insertDevices } from './insert-devices.js'

/** Users with one device each and an open socket, who say nothing. */
export interface Crowd {
  /** Opens or closes sockets until there are so many, on these pods in turn. */
  resize(count: number): Promise<void>
  /** Throws where a socket was closed that should be open. */
  check(): void
  /** The first `count` of them with fresh access tokens, for who opens their sockets otherwise. */
  devices(count: number): readonly IdleDevice[]
}

const openAtOnce = 64
const rowsAtOnce = 4_000
const tokenLifeMs = 3_600_000

interface User extends DeviceRow {
  readonly username: string
}

/** Account, device with the keys of another one, mailbox and login session of each, as rows; nothing of auth is there. */
const insert = async (replicas: Replicas, users: readonly User[]): Promise<void> => {
  const column = <K extends keyof User>(name: K) => users.map(user => user[name])
  await replicas.sql(
    `INSERT INTO message.account (user_id, username, username_key, state, created_at)
     SELECT user_id, username, username, 'active', now() FROM unnest($1::uuid[], $2::text[]) AS n(user_id, username)`,
    [column('userId'), column('username')],
  )
  await insertDevices(replicas, users)
}

const open = (podUrl: string, token: string) =>
  new Promise<WebSocket>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` }
    const socket = new WebSocket(`${podUrl.replace('http', 'ws')}/ws`, { headers, perMessageDeflate: false })
    socket.once('message', () => resolve(socket))
    socket.once('error', reject)
  })

/** Puts `count` users into the database by SQL; their tokens are signed here with the secret of the pods. */
export const makeCrowd = async (replicas: Replicas, pods: readonly string[], count: number): Promise<Crowd> => {
  const secret = replicas.variable('message-1', 'JWT_SECRET')
  const tokens = createTokens({ secret, lifeMs: tokenLifeMs, clock: systemClock })
  const run = randomUUID().slice(0, 8)
  const users = Array.from({ length: count }, (_, at): User => {
    return { userId: newId(), sessionId: newId(), deviceId: randomInt(1, 2 ** 32 - 1), username: `crowd-${run}-${at}` }
  })
  for (let at = 0; at < count; at += rowsAtOnce) await insert(replicas, users.slice(at, at + rowsAtOnce))
  await replicas.sql('ANALYZE message.mailbox, message.device, message.device_binding, message.account')
  const sockets: WebSocket[] = []
  return {
    async resize(wanted) {
      for (const socket of sockets.splice(wanted)) socket.terminate()
      while (sockets.length < wanted) {
        const some = users.slice(sockets.length, Math.min(wanted, sockets.length + openAtOnce))
        const opening = some.map((user, at) =>
          open(pods[(sockets.length + at) % pods.length] ?? '', tokens.issueAccess(user)),
        )
        sockets.push(...(await Promise.all(opening)))
      }
    },
    devices: wanted =>
      users.slice(0, wanted).map(user => {
        return { userId: user.userId, deviceId: user.deviceId, token: tokens.issueAccess(user) }
      }),
    check() {
      const closed = sockets.filter(({ readyState }) => readyState !== WebSocket.OPEN).length
      if (closed > 0) throw new Error(`${closed} of ${sockets.length} sockets of the crowd were closed`)
    },
  }
}
