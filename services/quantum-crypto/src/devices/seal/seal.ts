import { encodeBase64, type InputOf, type OutputOf, type SealedSend, type sealMessage } from '@qsm/contract'
import { encodeOwnCopy, envelopeTypes, maxContentBytes, sealBodyApart, sealTo, toHex, wipe } from '@qsm/protocol'
import { idToBytes, QsmError } from '@qsm/server-kit'
import type { DeviceScope } from '../device/device-scope.js'
import { sealNote } from '../note.js'
import { isWaitingFor, takeResponses } from '../own-requests.js'
import { keepSealing, readSealing } from './outbox.js'
import { type Draft, draftsOf, type Payload, payloadText } from './payload.js'
import { beginSessions, type Target, targetsOf } from './targets.js'

type SealInput = InputOf<typeof sealMessage>
type Sealed = OutputOf<typeof sealMessage>

const noteOf = (scope: DeviceScope, draft: Draft, payload: Payload, toUserId: string): string | null => {
  if (payload.kind !== 'text' || draft.type !== envelopeTypes.message) return null
  const isCritical = payload.message_type === 'critical'
  return sealNote(scope.dataKey, draft.messageId, { toUserId, text: payload.text, isCritical })
}

/** Seals one send for all targets, as an end-to-end client does: the same sizes, kinds and flags but the managed one. */
const sealDraft = async (
  scope: DeviceScope,
  draft: Draft,
  targets: readonly Target[],
  toUserId: string,
): Promise<Omit<SealedSend, 'note'>> => {
  const { algorithms, local, peers } = scope
  const { type } = draft
  const msgId = idToBytes(draft.messageId)
  const isMessage = type === envelopeTypes.message
  // Once for several targets; and what does not fit an envelope, for one.
  const isApart = isMessage && (targets.length > 1 || draft.content.content.length > maxContentBytes)
  const apart = isApart ? await sealBodyApart(algorithms, msgId, draft.content) : null
  const content = apart?.content ?? draft.content
  const forOwn = draft.forOwn ?? (isMessage ? encodeOwnCopy(idToBytes(toUserId), content) : content)
  try {
    const envelopes: string[] = []
    for (const target of targets) {
      const peer = await peers.get(target)
      if (!peer) throw new Error('a target without a session was not among the missing ones')
      const sealed = await sealTo(algorithms, local, peer, { type, msgId, content: target.isOwn ? forOwn : content })
      peers.put(sealed.peer)
      envelopes.push(encodeBase64(sealed.envelope))
    }
    return { message_id: draft.messageId, envelopes, body: apart ? encodeBase64(apart.body) : null }
  } finally {
    wipe(content.content, forOwn.content, draft.content.content)
  }
}

/** Begins what is wanting, then seals all sends of the payload; `missing` where some target is still without a session. */
const sealAnew = async (scope: DeviceScope, input: SealInput, earlierIds: readonly string[]): Promise<Sealed> => {
  const targets = targetsOf(scope, input)
  await scope.peers.load(targets)
  await takeResponses(scope, input.responses)
  if (!input.responses_complete && (await isWaitingFor(scope, input.to_user_id))) {
    return { wants_responses: true, missing: [], sends: [] }
  }
  const missing = await beginSessions(scope, targets, input.bundles)
  if (missing.length > 0) {
    const addresses = missing.map(({ userId, deviceId }) => ({ user_id: userId, device_id: deviceId }))
    return { wants_responses: false, missing: addresses, sends: [] }
  }
  const sends: SealedSend[] = []
  for (const draft of draftsOf(input.payload, earlierIds)) {
    const note = noteOf(scope, draft, input.payload, input.to_user_id)
    sends.push({ ...(await sealDraft(scope, draft, targets, input.to_user_id)), note })
  }
  return { wants_responses: false, missing: [], sends }
}

/** Seals a payload for every listed device; see `sealMessage` of the contract. */
export const seal = async (scope: DeviceScope, input: SealInput): Promise<Sealed> => {
  const { client_message_id: clientId } = input
  const text = new TextEncoder().encode(payloadText(input.payload, input.to_user_id))
  const payloadSha256 = toHex(await scope.algorithms.classical.sha256(text))
  wipe(text)
  const earlier = clientId === null ? null : await readSealing(scope, clientId)
  if (earlier && earlier.payloadSha256 !== payloadSha256) {
    throw new QsmError('idempotency_conflict', undefined, { details: { field: 'client_message_id' } })
  }
  if (earlier && !input.again) return { wants_responses: false, missing: [], sends: [...earlier.sends] }
  const sealed = await sealAnew(scope, input, earlier?.sends.map(send => send.message_id) ?? [])
  if (clientId !== null && sealed.sends.length > 0) {
    await keepSealing(scope, clientId, { payloadSha256, sends: sealed.sends })
  }
  return sealed
}
