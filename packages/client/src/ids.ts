/** A new UUID of version 7 (RFC 9562) as 16 bytes: 48 bits of time, the rest random. */
export const newIdBytes = (now: number, randomBytes: (length: number) => Uint8Array): Uint8Array => {
  const bytes = randomBytes(16)
  for (let index = 0; index < 6; index += 1) bytes[index] = Math.floor(now / 2 ** (8 * (5 - index))) % 256
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return bytes
}

/** The text of 16 bytes, lower case. */
export const idFromBytes = (bytes: Uint8Array): string => {
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** The 16 bytes of a UUID in text order. */
export const idToBytes = (id: string): Uint8Array =>
  Uint8Array.from(id.replaceAll('-', '').match(/../g) ?? [], pair => Number.parseInt(pair, 16))

/** When a UUID of version 7 was made, ms since 1970. */
export const idTime = (id: string): number => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
