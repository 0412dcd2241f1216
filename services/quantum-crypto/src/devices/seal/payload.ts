import { encodeControl, type InputOf, type sealMessage } from '@qsm/contract'
import { type Content, type EnvelopeType, emptyControl, envelopeTypes, kinds } from '@qsm/protocol'
import { newId } from '@qsm/server-kit'

export type Payload = InputOf<typeof sealMessage>['payload']

/** One send of a payload: what goes to the receiver's devices, and what to the own other ones. */
export interface Draft {
  readonly messageId: string
  readonly type: EnvelopeType
  readonly content: Content
  /** Null: the same, a message as an own copy. */
  readonly forOwn: Content | null
}

const empty = emptyControl(new Uint8Array(16)).content

const controlOf = (value: Parameters<typeof encodeControl>[0]): Content => ({
  kind: kinds.controlJson,
  content: encodeControl(value),
})

/** What a payload says, in one form: another text under the id of the first is noticed by it. */
export const payloadText = (payload: Payload, toUserId: string): string => {
  if (payload.kind === 'text') return JSON.stringify([toUserId, 'text', payload.message_type, payload.text])
  if (payload.kind === 'empty') return JSON.stringify([toUserId, 'empty'])
  const { control } = payload
  const parts = control.type === 'receipt' ? [control.kind, ...control.message_ids] : []
  return JSON.stringify([toUserId, control.type, ...parts])
}

/**
 * The sends of a payload in their order: a critical text comes behind the envelope that says so. `earlierIds` are those of an
 * earlier sealing of the same payload, by which receivers know a message that they have already.
 */
export const draftsOf = (payload: Payload, earlierIds: readonly string[]): readonly Draft[] => {
  const control = (content: Content, forOwn: Content | null = null): Omit<Draft, 'messageId'> => ({
    type: envelopeTypes.control,
    content,
    forOwn,
  })
  if (payload.kind === 'empty') return [{ messageId: earlierIds[0] ?? newId(), ...control(empty) }]
  if (payload.kind === 'control') {
    // Own devices keep their sessions with this one.
    const forOwn = payload.control.type === 'end' ? empty : null
    return [{ messageId: earlierIds[0] ?? newId(), ...control(controlOf(payload.control), forOwn) }]
  }
  const isCritical = payload.message_type === 'critical'
  const messageId = earlierIds.at(-1) ?? newId()
  const text: Draft = {
    messageId,
    type: envelopeTypes.message,
    content: { kind: kinds.text, content: new TextEncoder().encode(payload.text) },
    forOwn: null,
  }
  if (!isCritical) return [text]
  const importance = controlOf({ type: 'importance', message_id: messageId, importance: 'critical' })
  return [{ messageId: earlierIds[0] ?? newId(), ...control(importance) }, text]
}
