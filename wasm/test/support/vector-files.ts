import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const read = (path: string): Buffer => readFileSync(new URL(`../../../tests/vectors/${path}`, import.meta.url))

export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
export const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')
export const shake256 = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(createHash('shake256', { outputLength: 32 }).update(Buffer.concat(parts)).digest())

export type Case = Readonly<Record<string, string>> & { readonly tcId: number; readonly testPassed?: boolean }
interface Group extends Readonly<Record<string, unknown>> {
  readonly function?: string
  readonly keyFormat?: string
  readonly tests: readonly Case[]
}

/** The test groups of a JSON file of ACVP or Wycheproof. */
export const testGroups = (path: string): readonly Group[] => JSON.parse(read(path).toString()).testGroups
/** Its cases, all groups together. */
export const cases = (path: string): readonly Case[] => testGroups(path).flatMap(({ tests }) => tests)

export interface FalconRecord {
  readonly seed: Uint8Array
  readonly message: Uint8Array
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
  /** Signature with its message, as the file has it. */
  readonly signed: Uint8Array
}

/** The records of a file of NIST known answers. */
export const falconRecords = (path: string): readonly FalconRecord[] =>
  read(path)
    .toString()
    .split(/^count = /m)
    .slice(1)
    .map(text => {
      const field = (name: string) => bytes(new RegExp(`^${name} = ([0-9A-F]*)$`, 'm').exec(text)?.[1] ?? '')
      const [seed, message, publicKey] = [field('seed'), field('msg'), field('pk')]
      return { seed, message, publicKey, secretKey: field('sk'), signed: field('sm') }
    })

/**
 * The detached signature of a compressed record in the padded form. The file has: length of the last part (2 bytes, big
 * endian), salt 40, message, last part beginning with 0x29.
 */
export const paddedFrom = ({ signed, message }: FalconRecord): Uint8Array => {
  const padded = new Uint8Array(666)
  padded[0] = 0x39
  padded.set(signed.subarray(2, 42), 1)
  padded.set(signed.subarray(42 + message.length + 1), 41)
  return padded
}
