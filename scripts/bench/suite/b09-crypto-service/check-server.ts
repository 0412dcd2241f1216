import type { RunningQsm } from '../../qsm-server.js'
import { call } from '../../thin/post.js'
import type { ThinPerson } from '../../thin/thin-people.js'
import { text } from './operations.js'

/** Throws where a signature of the service does not hold, its secrets differ, or the peer cannot read what was sent. */
export const checkServer = async (
  qsm: RunningQsm,
  person: ThinPerson,
  peer: ThinPerson,
  sent: { readonly text: string; readonly times: number },
): Promise<void> => {
  const at = (name: string) => `${qsm.quantumUrl}/api/quantum/${name}`
  const { token, username, publicKeys } = person
  const { falcon_signature, ecdsa_signature } = await call({
    url: at('wrap_sign'),
    token,
    body: { message: text, user_id: username },
  })
  const { falcon_512: falcon_public, ecdsa_p256: ecdsa_public } = publicKeys
  const signed = { message: text, falcon_signature, ecdsa_signature, falcon_public, ecdsa_public }
  const { valid } = await call({ url: at('wrap_verify'), token, body: signed })
  if (valid !== true) throw new Error('a signature of the service does not hold')
  const messages: unknown[] = []
  for (let more = true, after = 0; more; ) {
    const url = `${qsm.url}/api/messages?after=${after}&limit=100`
    const page = (await call({ url, token: peer.token, method: 'GET' })) as unknown as Page
    messages.push(
      ...page.messages.filter(({ sender_username, content }) => sender_username === username && content === sent.text),
    )
    after = page.next
    more = page.more
  }
  if (messages.length !== sent.times) throw new Error(`${sent.times} texts were sent, ${messages.length} can be read`)
}

interface Page {
  readonly messages: readonly { readonly sender_username: string; readonly content: string }[]
  readonly next: number
  readonly more: boolean
}
