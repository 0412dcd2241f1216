import { encodeBase64 } from '@qsm/contract'
import type { TestDevice } from './local-device.js'
import type { Login, Person } from './person.js'
import type { TestMessage } from './start-message.js'

/** A person with a device. */
export interface Side {
  readonly person: Person
  readonly device: TestDevice
}

export const newSide = async (message: TestMessage): Promise<Side> => {
  const person = await message.person()
  return { person, device: await person.withDevice() }
}

/** Sends a connection request; gives the answer, and the bytes and the id of the request. */
export const ask = async (from: Side, to: Side, options: { requestId?: string; lifeMs?: number } = {}) => {
  const request = await from.device.request(to.person.userId, options)
  const answer = await from.person.call('POST', '/api/connection/request', {
    receiver_username: to.person.username,
    handshake: encodeBase64(request.bytes),
  })
  return { ...answer, request: request.bytes, requestId: answer.body.request_id as string }
}

/** Answers a connection request, by a handshake where one is given. */
export const respond = (login: Pick<Login, 'call'>, requestId: string, accept: boolean, handshake?: Uint8Array) =>
  login.call('POST', '/api/connection/respond', {
    request_id: requestId,
    accept,
    ...(handshake ? { handshake: encodeBase64(handshake) } : {}),
  })

/** The requests that wait for the answer of this person. */
export const pending = async (login: Pick<Login, 'call'>) =>
  (await login.call('GET', '/api/connection/pending')).body.requests as readonly Record<string, string>[]

/** The connections of this person. */
export const connections = async (login: Pick<Login, 'call'>) =>
  (await login.call('GET', '/api/connections')).body.connections as readonly Record<string, string>[]
