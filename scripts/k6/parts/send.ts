import http from 'k6/http'
import { messagesRefused, messagesSent } from './metrics.js'
import { baseUrl } from './settings.js'
import type { SignedIn } from './signed-in.js'

/** Under what a delivery of this send comes: its id for thin clients, the place in the mailbox for sealed ones. */
const keyOf = (answer: { message_id: string; devices?: readonly { sequence: number }[] }): string =>
  answer.devices ? String(answer.devices[0]?.sequence) : answer.message_id

/** Sends a body; the key of its delivery, or null where it was refused. */
export const send = async (person: SignedIn, body: string): Promise<string | null> => {
  const params = { headers: await person.headers(), tags: { name: 'send' } }
  const response = await http.asyncRequest('POST', `${baseUrl}/api/message/send`, body, params)
  if (response.status !== 201) {
    messagesRefused.add(1, { status: String(response.status) })
    return null
  }
  messagesSent.add(1)
  return keyOf(response.json() as unknown as Parameters<typeof keyOf>[0])
}

/** The body of a thin client's send. */
export const thinBody = (receiver: string, number: number): string =>
  JSON.stringify({ recipient: receiver, content: `line ${number} of about the usual length of a chat, give or take` })
