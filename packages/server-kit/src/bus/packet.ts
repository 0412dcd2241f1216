import { type Hint, hint as hintSchema } from '@qsm/contract'

/** Hints of one turn for one channel, in one message. */
export interface Packet {
  /** The pod that sends, which has handed them out to itself already. */
  readonly from: string
  readonly hints: readonly Hint[]
}

const maxCharacters = 256 * 1024
export const maxHintsInPacket = 500

export const encodePacket = ({ from, hints }: Packet): string => JSON.stringify({ from, hints })

/**
 * What a packet holds that is a hint, and how much of it is none. Whoever may write to the bus may write anything: nothing
 * here throws.
 */
export const decodePacket = (text: string): { readonly packet: Packet | null; readonly refused: number } => {
  if (text.length > maxCharacters) return { packet: null, refused: 1 }
  let value: { readonly from?: unknown; readonly hints?: unknown } | null
  try {
    value = JSON.parse(text) as typeof value
  } catch {
    return { packet: null, refused: 1 }
  }
  const { from, hints } = value ?? {}
  if (typeof from !== 'string' || !Array.isArray(hints)) return { packet: null, refused: 1 }
  const parsed = hints.slice(0, maxHintsInPacket).map(entry => hintSchema.safeParse(entry))
  const good = parsed.flatMap(result => (result.success ? [result.data] : []))
  return { packet: { from, hints: good }, refused: hints.length - good.length }
}
