import { listMessages as contract, encodeBase64 } from '@qsm/contract'
import { QsmError, route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'

const defaultLimit = 50

export const listMessages = ({ devices, mailboxes }: MessageParts) =>
  route(contract)(async ({ caller, query }) => {
    const address = await devices.bound(caller.sessionId)
    if (!address) {
      throw new QsmError(
        'not_implemented',
        'Readable messages need a managed device, which is not in this version yet. Bind a device: POST /api/devices.',
      )
    }
    const { acked, epoch } = await mailboxes.state(address)
    const after = query.after ?? acked
    const limit = query.limit ?? defaultLimit
    const entries = await mailboxes.page({ ...address, after, limit: limit + 1 })
    const page = entries.slice(0, limit)
    return {
      status: 200,
      body: {
        messages: page.map(entry => ({
          envelope: encodeBase64(entry.envelope),
          body: entry.body ? encodeBase64(entry.body) : null,
          sequence: entry.sequence,
          received_at: new Date(entry.receivedAt).toISOString(),
        })),
        next: page.at(-1)?.sequence ?? after,
        more: entries.length > limit,
        epoch,
      },
    }
  })
