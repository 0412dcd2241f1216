import type { Fetch, OpenSocket } from '@qsm/client'
import { nodeSocket } from '@qsm/client-node'
import { binaryFrameType, decodeBase64, decodeDeliveryFrame } from '@qsm/contract'
import { parseEnvelope } from '@qsm/protocol'

interface Page {
  readonly messages: readonly { readonly sequence: number; readonly envelope: string }[]
}

const uuidOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** How a client reaches its server, where each envelope is told of as it comes, before the client looks at it. */
export const tapArrivals = (
  onArrived: (sequence: number, messageId: string) => void,
): { readonly fetch: Fetch; readonly openSocket: OpenSocket } => {
  const tell = (sequence: number, envelope: Uint8Array) =>
    onArrived(sequence, uuidOf(parseEnvelope(envelope).header.msgId))

  return {
    async openSocket(...given) {
      const socket = await nodeSocket(...given)
      const events = socket as unknown as EventTarget
      events.addEventListener('message', event => {
        const { data } = event as MessageEvent
        if (typeof data === 'string') return
        const bytes = new Uint8Array(data)
        if (bytes[0] !== binaryFrameType.delivery) return
        const { sequence, envelope } = decodeDeliveryFrame(bytes)
        tell(sequence, envelope)
      })
      return socket
    },
    async fetch(url, init) {
      const answer = await fetch(url, init)
      const isPage = new URL(url).pathname === '/api/messages' && init.method === 'GET'
      if (!isPage || !answer.ok) return answer
      const { messages } = (await answer.clone().json()) as Page
      for (const { sequence, envelope } of messages) tell(sequence, decodeBase64(envelope))
      return answer
    },
  }
}
