import { parse, stringify, v7 } from 'uuid'
import { randomBytes } from './random.js'

/** A new UUID of version 7 (RFC 9562) in text form. It tells its time of birth: not for secrets. */
export const newId = (): string => v7({ random: randomBytes(16) })

/** The 16 bytes of a UUID in text order. Throws for any other text. */
export const idToBytes = (id: string): Uint8Array => Uint8Array.from(parse(id))

/** The text of 16 bytes, lower case. */
export const idFromBytes = (bytes: Uint8Array): string => stringify(bytes)
