import { randomBytes, randomInt } from 'node:crypto'
import type { Replicas } from '../../../tests/support/replicas.js'
import { insertDevices } from '../crowd/insert-devices.js'
import { logIn } from '../people.js'

export interface IdleDevice {
  readonly userId: string
  readonly deviceId: number
  readonly token: string
}

const perUser = 30
const loginsAtOnce = 8
const entryBytes = 1_200

const claimsOf = (token: string): { readonly sub: string; readonly sid: string } =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))

/**
 * Devices that only receive, 30 for each of the users `name-0`, `name-1` and so on. Users and login sessions are made by the
 * API; device, binding and mailbox are rows put in by SQL, with the keys of another device.
 */
export const makeIdleDevices = async (replicas: Replicas, count: number, name: string): Promise<IdleDevice[]> => {
  const users = Math.ceil(count / perUser)
  for (let at = 0; at < users; at += 1) {
    const body = { username: `${name}-${at}`, email: `${name}-${at}@example.org`, password: 'correct horse battery' }
    const response = await fetch(`${replicas.url}/api/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`register: ${response.status} ${await response.text()}`)
  }
  const tokens: string[] = []
  let next = 0
  const logInSome = async () => {
    while (next < count) {
      const at = next++
      tokens[at] = await logIn(replicas.url, `${name}-${Math.floor(at / perUser)}`)
    }
  }
  await Promise.all(Array.from({ length: loginsAtOnce }, logInSome))
  const sessions = tokens.map(claimsOf)
  const devices = sessions.map(({ sub }, at) => ({
    userId: sub,
    deviceId: randomInt(1, 2 ** 32 - 1),
    token: tokens[at] ?? '',
  }))
  await insertDevices(
    replicas,
    devices.map(({ userId, deviceId }, at) => ({ userId, deviceId, sessionId: sessions[at]?.sid ?? '' })),
  )
  return devices
}

/** Puts `each` further entries of 1.2 KB into the mailbox of each, by SQL; nobody is told. */
export const missMessages = async (replicas: Replicas, devices: readonly IdleDevice[], each: number): Promise<void> => {
  const columns = [devices.map(({ userId }) => userId), devices.map(({ deviceId }) => deviceId)]
  await replicas.sql(
    `WITH grown AS (
       UPDATE message.mailbox m SET next_sequence = m.next_sequence + $3
       FROM unnest($1::uuid[], $2::bigint[]) AS n(user_id, device_id)
       WHERE m.user_id = n.user_id AND m.device_id = n.device_id
       RETURNING m.user_id, m.device_id, m.next_sequence - $3 AS first
     )
     INSERT INTO message.entry (user_id, device_id, sequence, message_id, sender_user, sender_device, has_body, received_at, envelope)
     SELECT user_id, device_id, first + number, gen_random_uuid(), user_id, 1, false,
       (extract(epoch FROM now()) * 1000)::bigint, $4
     FROM grown, generate_series(0, $3 - 1) AS number`,
    [...columns, each, randomBytes(entryBytes)],
  )
}
