import http from 'k6/http'
import { messagesRefused, messagesSent } from './metrics.js'
import { baseUrl } from './settings.js'
import type { SignedIn } from './signed-in.js'

/** k6 has it; its types leave it to those of browsers. */
declare const console: { error(text: string): void }

/** Under which key a device gets a message. */
export type KeyFor = (deviceId: number | null) => string

interface SendAnswer {
  readonly message_id: string
  /** Of a sealed send: its place in the mailbox of each device. */
  readonly devices?: readonly { readonly device_id: number; readonly sequence: number }[]
}

const keysOf = ({ message_id, devices }: SendAnswer): KeyFor => {
  const places = devices && new Map(devices.map(device => [device.device_id, String(device.sequence)]))
  return deviceId => places?.get(deviceId ?? 0) ?? message_id
}

let hasTold = false

/** The first refusal of each virtual user is told in full: an error of the server has no secrets. */
const tellRefusal = (status: number, answer: string): void => {
  if (!hasTold) console.error(`a send was refused: ${status} ${answer.slice(0, 300)}`)
  hasTold = true
}

/** Sends a body; the keys of its deliveries, or null where it was refused. */
export const send = async (
  person: SignedIn,
  body: string,
  tags: Readonly<Record<string, string>> = {},
): Promise<KeyFor | null> => {
  const params = { headers: await person.headers(), tags: { name: 'send', ...tags } }
  const response = await http.asyncRequest('POST', `${baseUrl}/api/message/send`, body, params)
  if (response.status !== 201) {
    messagesRefused.add(1, { status: String(response.status) })
    tellRefusal(response.status, String(response.body ?? response.error))
    return null
  }
  messagesSent.add(1)
  return keysOf(response.json() as unknown as SendAnswer)
}

/** The body of a thin client's send. */
export const thinBody = (receiver: string, number: number): string =>
  JSON.stringify({ recipient: receiver, content: `line ${number} of about the usual length of a chat, give or take` })
