import { encodeDeliveryFrame } from '@qsm/contract'
import type { Socket } from '@qsm/server-kit'
import type { DeviceAddress } from '../devices/devices.js'
import type { Mailboxes } from '../mailbox/mailbox.js'
import type { Entry } from '../mailbox/pages.js'

/** One entry of a mailbox as its socket gets it. */
export interface DeliveryItem {
  readonly sequence: number
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  send(socket: Socket): void
}

export interface DeliveryPage {
  /** Ascending. */
  readonly items: readonly DeliveryItem[]
  /** From where to read on; behind the last item where others, that are not shown, have followed it. */
  readonly next: number
  readonly more: boolean
}

/** What a socket is fed from. */
export interface DeliverySource {
  page(request: { readonly after: number; readonly limit: number; readonly maxBytes: number }): Promise<DeliveryPage>
  /** Up to which number the mailbox was acknowledged, by whichever way. */
  acked(): Promise<number>
}

/** An envelope as it is, for an end-to-end device. */
export const envelopeItem = (entry: Entry): DeliveryItem => ({
  sequence: entry.sequence,
  receivedAt: entry.receivedAt,
  send: socket => socket.sendBinary(encodeDeliveryFrame(entry)),
})

/** The mailbox of an end-to-end device. */
export const envelopeSource = (
  mailboxes: Pick<Mailboxes, 'page' | 'state'>,
  address: DeviceAddress,
): DeliverySource => ({
  async page(request) {
    const { entries, more } = await mailboxes.page({ ...address, ...request })
    const items = entries.map(envelopeItem)
    return { items, next: items.at(-1)?.sequence ?? request.after, more }
  },
  acked: async () => (await mailboxes.state(address)).acked,
})
