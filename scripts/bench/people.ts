import { randomBytes, randomInt } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { encodeBase64, encodeSendFrame } from '@qsm/contract'
import {
  type Algorithms,
  encrypt,
  envelopeTypes,
  kinds,
  type LocalDevice,
  makeDeviceRecord,
  makeRequest,
  respond,
  type Session,
} from '@qsm/protocol'
import { createNodeClassical, idFromBytes, idToBytes, newId } from '@qsm/server-kit'
import { loadPostQuantum } from '@qsm/wasm'

export interface BenchPerson {
  readonly username: string
  readonly userId: string
  readonly token: string
  readonly local: LocalDevice
}

/** One send as it goes over the wire, sealed and signed beforehand. */
export interface PreparedSend {
  readonly sender: number
  readonly messageId: string
  /** For REST, and for the contenders. */
  readonly json: string
  /** For the socket. */
  readonly frame: Uint8Array
}

export const loadAlgorithms = async (): Promise<Algorithms> => ({
  ...(await loadPostQuantum()),
  classical: createNodeClassical(),
  randomBytes: length => new Uint8Array(randomBytes(length)),
  now: () => Date.now(),
})

const call = async (url: string, method: string, path: string, body: unknown, token?: string) => {
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response.status === 204 ? {} : ((await response.json()) as Record<string, string>)
}

const benchPassword = 'correct horse battery'

/** A further login session of a person, bound to no device; its access token. */
export const logIn = async (url: string, username: string): Promise<string> =>
  String((await call(url, 'POST', '/api/login', { username, password: benchPassword })).access_token)

/** A device record as of now. */
export const recordOf = (algorithms: Algorithms, local: LocalDevice) =>
  makeDeviceRecord(algorithms, local, { createdAt: Date.now(), expiresAt: 0 })

/** Logs a registered person in, with a new device. */
export const makeDevice = async (
  url: string,
  algorithms: Algorithms,
  username: string,
  password = benchPassword,
): Promise<BenchPerson> => {
  const login = await call(url, 'POST', '/api/login', { username, password })
  const local: LocalDevice = {
    user: idToBytes(String(login.user_id)),
    device: randomInt(1, 2 ** 32 - 1),
    suite: 1,
    suites: [1],
    managed: false,
    falcon: await algorithms.signer.generateKeyPair(),
    ecdsa: await algorithms.classical.generateP256(),
  }
  const record = await recordOf(algorithms, local)
  await call(url, 'POST', '/api/devices', { device_record: encodeBase64(record.bytes) }, String(login.access_token))
  return { username, userId: String(login.user_id), token: String(login.access_token), local }
}

/** Registers a person with a device. */
export const makePerson = async (
  url: string,
  algorithms: Algorithms,
  username: string,
  password = benchPassword,
): Promise<BenchPerson> => {
  await call(url, 'POST', '/api/register', { username, email: `${username}@example.org`, password })
  return makeDevice(url, algorithms, username, password)
}

/** Request and Response of two devices, made here, and the session on which the second sends to the first. */
export const shakeHands = async (
  algorithms: Algorithms,
  asks: LocalDevice,
  answers: LocalDevice,
): Promise<{
  readonly requestId: Uint8Array
  readonly request: Uint8Array
  readonly response: Uint8Array
  readonly session: Session
}> => {
  const requestId = idToBytes(newId())
  const record = await recordOf(algorithms, asks)
  const request = await makeRequest(algorithms, asks, record, { requestId, toUser: answers.user })
  const answered = await respond(algorithms, answers, await recordOf(algorithms, answers), request.bytes)
  return { requestId, request: request.bytes, response: answered.response, session: answered.session }
}

/** Connects two people through the server, and gives the session on which the second sends to the first. */
export const connect = async (
  url: string,
  algorithms: Algorithms,
  asks: BenchPerson,
  answers: BenchPerson,
): Promise<Session> => {
  const { requestId, request, response, session } = await shakeHands(algorithms, asks.local, answers.local)
  const asked = { receiver_username: answers.username, handshake: encodeBase64(request) }
  await call(url, 'POST', '/api/connection/request', asked, asks.token)
  const answer = { request_id: idFromBytes(requestId), accept: true, handshake: encodeBase64(response) }
  await call(url, 'POST', '/api/connection/respond', answer, answers.token)
  return session
}

/** Seals `count` texts of one person for another. */
export const prepareSends = async (
  algorithms: Algorithms,
  sender: BenchPerson,
  index: number,
  receiver: BenchPerson,
  begin: Session,
  count: number,
): Promise<{ readonly sends: readonly PreparedSend[]; readonly session: Session }> => {
  const peer = await recordOf(algorithms, receiver.local)
  const sends: PreparedSend[] = []
  let session = begin
  for (let number = 0; number < count; number += 1) {
    await setImmediate() // Sealing thousands would else answer no ping of the server.
    const messageId = newId()
    const content = {
      kind: kinds.text,
      content: new TextEncoder().encode('a line of about the usual length of a chat, give or take'),
    }
    const outgoing = { type: envelopeTypes.message, msgId: idToBytes(messageId), content }
    const sent = await encrypt(algorithms, sender.local, peer, session, outgoing)
    session = sent.session
    sends.push({
      sender: index,
      messageId,
      frame: encodeSendFrame({ clientMessageId: idToBytes(messageId), body: null, envelopes: [sent.envelope] }),
      json: JSON.stringify({ client_message_id: messageId, envelopes: [encodeBase64(sent.envelope)] }),
    })
  }
  return { sends, session }
}
