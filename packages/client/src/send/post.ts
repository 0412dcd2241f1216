import { encodeBase64, limits, sendMessage } from '@qsm/contract'
import { QsmClientError } from '../errors.js'
import type { Api } from '../http/api.js'
import type { Outgoing } from './outbox.js'

/** Hands a sealed message to the server; resolves when it is stored there. */
export type Post = (outgoing: Pick<Outgoing, 'messageId' | 'envelopes' | 'body'>) => Promise<void>

/** Over the open socket; null where there is none. */
export type PostBySocket = (outgoing: Pick<Outgoing, 'messageId' | 'envelopes' | 'body'>) => Promise<void> | null

/** The most that a text may have in UTF-8, so that it fits a request with envelopes for 64 devices. */
const maxTextBytes = 2_097_152

export const checkTextSize = (bytes: number): void => {
  if (bytes <= maxTextBytes) return
  throw new QsmClientError('too_long', `A text has at most ${maxTextBytes} bytes in UTF-8, not ${bytes}: split it.`)
}

const tooManyDevices = (count: number): QsmClientError =>
  new QsmClientError(
    'too_long',
    `The message goes to ${count} devices, at most ${limits.maxEnvelopesPerSend} are possible: remove devices that are not used any more.`,
  )

/** By the socket where one is open, else by a request; both have the same checks and the same answer. */
export const createPost = (api: Api, bySocket: PostBySocket): Post => {
  return async outgoing => {
    const { messageId, envelopes, body } = outgoing
    if (envelopes.length > limits.maxEnvelopesPerSend) throw tooManyDevices(envelopes.length)
    const underWay = bySocket(outgoing)
    if (underWay) return underWay
    await api.call(sendMessage, {
      body: {
        client_message_id: messageId,
        envelopes: envelopes.map(encodeBase64),
        ...(body ? { body: encodeBase64(body) } : {}),
      },
    })
  }
}
