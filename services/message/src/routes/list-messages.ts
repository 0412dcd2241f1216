import { listMessages as contract, encodeBase64 } from '@qsm/contract'
import { route } from '@qsm/server-kit'
import type { MessageParts } from '../parts.js'

const defaultLimit = 50

export const listMessages = ({ context, devices, mailboxes, thin }: MessageParts) => {
  const perThinUser = context.rateLimits({ name: 'thin-read', points: 1_200, perSeconds: 60 })
  const perDevice = context.rateLimits({ name: 'mailbox-read', points: 30_000, perSeconds: 60, perPod: true })
  return route(contract)(async ({ caller, accessToken, query, signal }) => {
    const { after: asked = null, limit = defaultLimit } = query
    if (await thin.isThin(caller.sessionId)) {
      await perThinUser.take(caller.userId)
      const page = await thin.read({ ...caller, accessToken }, { after: asked, limit })
      return { status: 200, body: { ...page, messages: [...page.messages] } }
    }
    const address = await devices.requireBound(caller.sessionId)
    await perDevice.take(`${address.userId}/${address.deviceId}`)
    // The state first: what it counts is in the page, or it was deleted.
    const { acked, next, epoch } = await mailboxes.state(address)
    const after = asked ?? acked
    const { entries, more } = await mailboxes.requestedPage({ ...address, after, limit }, signal)
    const last = entries.at(-1)?.sequence ?? after
    return {
      status: 200,
      body: {
        messages: entries.map(entry => ({
          envelope: encodeBase64(entry.envelope),
          body: entry.body ? encodeBase64(entry.body) : null,
          sequence: entry.sequence,
          received_at: new Date(entry.receivedAt).toISOString(),
        })),
        // At the end the newest number, so that whoever reads sees what is gone there too.
        next: more ? last : Math.max(last, next - 1),
        more,
        epoch,
      },
    }
  })
}
