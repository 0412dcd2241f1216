import * as z from 'zod'
import { uuid } from './fields.js'

/**
 * Control JSON: what devices say to each other inside an envelope of type 2, kind 2 (docs/protocol.md section 6). The server
 * cannot read it. Unknown types are ignored, so that older clients understand newer ones.
 */
export const controls = Object.freeze({
  /** Goes before a message: that one is critical. */
  importance: z.object({ type: z.literal('importance'), message_id: uuid, importance: z.literal('critical') }),
  /** These messages of the other side were delivered to, or read by, a person. */
  receipt: z.object({
    type: z.literal('receipt'),
    kind: z.enum(['delivered', 'read']),
    message_ids: z.array(uuid).min(1).max(100),
  }),
  /** The sender has destroyed its side of the session: the receiver destroys its own. */
  end: z.object({ type: z.literal('end') }),
})

export type ControlType = keyof typeof controls
export type Control = { [T in ControlType]: z.output<(typeof controls)[T]> }[ControlType]
const control = z.discriminatedUnion('type', [controls.importance, controls.receipt, controls.end])

/** The bytes that an envelope carries. */
export const encodeControl = (value: Control): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** A control that this version knows, or null. */
export const decodeControl = (bytes: Uint8Array): Control | null => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return control.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null // Authentic, but no JSON: to be ignored like an unknown type.
  }
}
