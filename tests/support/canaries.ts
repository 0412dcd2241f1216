import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A secret that must stand nowhere, under a name that may be shown. */
export interface Canary {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Texts by which bytes show in base64 wherever they stand in what is encoded: without the ends that mix with others. */
const base64Texts = (bytes: Uint8Array): readonly string[] =>
  [0, 1, 2].map(offset => {
    const shift = (3 - offset) % 3
    const inner = bytes.subarray(shift, bytes.length - ((bytes.length - shift) % 3))
    return Buffer.from(inner).toString('base64')
  })

/** The forms in which bytes may be written: as they are, in hex of either case, in base64 and base64url at any offset. */
const formsOf = (bytes: Uint8Array): readonly Buffer[] => {
  const hex = Buffer.from(bytes).toString('hex')
  const base64 = base64Texts(bytes)
  const base64url = base64.map(text => text.replaceAll('+', '-').replaceAll('/', '_'))
  const texts = new Set([hex, hex.toUpperCase(), ...base64, ...base64url])
  return [Buffer.from(bytes), ...[...texts].map(text => Buffer.from(text))]
}

/** The names of those that stand somewhere in a haystack, in whatever form. */
export const findCanaries = (haystack: Uint8Array, canaries: readonly Canary[]): readonly string[] => {
  const text = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength)
  return canaries.filter(({ bytes }) => formsOf(bytes).some(form => text.includes(form))).map(({ name }) => name)
}

/** The content of all files below a folder whose path satisfies `isWanted`, one behind the other. */
export const contentBelow = (folder: string, isWanted: (path: string) => boolean = () => true): Buffer => {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  return Buffer.concat(paths.filter(isWanted).map(path => readFileSync(path)))
}
