import { encodeBase64 } from '@qsm/contract'
import {
  type Algorithms,
  decodeDeviceRecord,
  encrypt,
  envelopeTypes,
  kinds,
  respond,
  type Session,
} from '@qsm/protocol'
import { idFromBytes, idToBytes, newId } from '@qsm/server-kit'
import type { TestDevice } from './local-device.js'
import type { Person } from './person.js'

/** A person with the device that the first session is bound to. */
export interface Party {
  readonly person: Person
  readonly device: TestDevice
}

export interface SendBody {
  readonly client_message_id: string
  readonly envelopes: string[]
  readonly body?: string
}

export interface SealOptions {
  readonly messageId?: string
  readonly algorithms?: Algorithms
  /** False: the next envelope has the same number, as from a client whose store was put back. */
  readonly advances?: boolean
}

/** One direction of an open connection: seals for the other side. */
export interface Conversation {
  /** The body of a send with one envelope; ids and times as stated, or fresh. */
  seal(text?: string, options?: SealOptions): Promise<SendBody>
}

export const makeParty = async (person: Person): Promise<Party> => ({ person, device: await person.withDevice() })

const conversation = (algorithms: Algorithms, from: Party, to: Party, begin: Session): Conversation => {
  let session = begin
  return {
    async seal(text = 'a text', { messageId = newId(), algorithms: given = algorithms, advances = true } = {}) {
      const peer = decodeDeviceRecord(await to.device.record())
      const content = { kind: kinds.text, content: new TextEncoder().encode(text) }
      const outgoing = { type: envelopeTypes.message, msgId: idToBytes(messageId), content }
      const sent = await encrypt(given, from.device.local, peer, session, outgoing)
      if (advances) session = sent.session
      return { client_message_id: messageId, envelopes: [encodeBase64(sent.envelope)] }
    },
  }
}

const expectStatus = (answer: { status: number; body: unknown }, status: number) => {
  if (answer.status !== status) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`)
}

/** Connects two parties by request and answer, through the server. Gives the direction of the one who answers. */
export const openConversation = async (algorithms: Algorithms, asks: Party, answers: Party): Promise<Conversation> => {
  const request = await asks.device.request(answers.person.userId)
  expectStatus(
    await asks.person.call('POST', '/api/connection/request', {
      receiver_username: answers.person.username,
      handshake: encodeBase64(request.bytes),
    }),
    201,
  )
  const ownRecord = decodeDeviceRecord(await answers.device.record())
  const answered = await respond(algorithms, answers.device.local, ownRecord, request.bytes)
  expectStatus(
    await answers.person.call('POST', '/api/connection/respond', {
      request_id: idFromBytes(answered.request.requestId),
      accept: true,
      handshake: encodeBase64(answered.response),
    }),
    200,
  )
  return conversation(algorithms, answers, asks, answered.session)
}

/** A direction without a connection at the server: the handshake is made between the two alone. */
export const unconnected = async (algorithms: Algorithms, to: Party, from: Party): Promise<Conversation> => {
  const request = await to.device.request(from.person.userId)
  const answered = await respond(
    algorithms,
    from.device.local,
    decodeDeviceRecord(await from.device.record()),
    request.bytes,
  )
  return conversation(algorithms, from, to, answered.session)
}
