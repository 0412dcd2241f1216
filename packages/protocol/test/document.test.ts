import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  decodeBundle,
  decodeDeviceRecord,
  decodePrekey,
  decodeRequest,
  decodeResponse,
  encodeBundle,
  parseEnvelope,
} from '../src/index.js'
import type { OwnVectors } from './support/build-vectors.js'
import { hex, toHex } from './support/fed-algorithms.js'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const page = read('../../../docs/protocol.md')
const vectors = JSON.parse(read('../vectors/qsm1-vectors.json')) as OwnVectors

interface Row {
  readonly offset: string
  readonly size: string
  readonly field: string
}

/** The rows of the layout table under a heading. */
const layoutOf = (heading: string): readonly Row[] => {
  const [, rest = ''] = page.split(`\n${heading}\n`)
  const [section = ''] = rest.split(/\n##/)
  const [, table = ''] = section.split('| Offset | Size | Field |')
  const [rows = ''] = table.split('\n\n')
  return rows
    .split('\n')
    .filter(line => /^\| \d/.test(line))
    .map(line => line.split('|').map(cell => cell.trim()))
    .map(([, offset = '', size = '', field = '']) => ({ offset, size, field }))
}

/** Sums of products, such as `1003 + 2 × count`. */
const sumOf = (text: string, names: Readonly<Record<string, number>>): number =>
  text
    .split('+')
    .map(term =>
      term
        .split('×')
        .map(factor => names[factor.trim()] ?? Number(factor))
        .reduce((product, factor) => product * factor, 1),
    )
    .reduce((sum, term) => sum + term, 0)

const numberHex = (value: number, bytes: number): string => value.toString(16).padStart(2 * bytes, '0')

/**
 * Holds a table to real bytes: its rows follow each other without a gap to the very end, and every field that is called
 * as in the decoded value holds what was decoded. Returns the names of those.
 */
const compare = (
  heading: string,
  bytes: Uint8Array,
  decoded: Readonly<Record<string, unknown>>,
  names: Readonly<Record<string, number>>,
): readonly string[] => {
  const rows = layoutOf(heading)
  const compared: string[] = []
  let end = 0
  for (const { offset, size, field } of rows) {
    const at = { field, offset: sumOf(offset, names), size: sumOf(size, names) }
    expect(at).toEqual({ field, offset: end, size: expect.any(Number) })
    end += at.size
    const value = decoded[field]
    if (typeof value !== 'number' && !(value instanceof Uint8Array)) continue
    const wanted = typeof value === 'number' ? numberHex(value, at.size) : toHex(value)
    expect({ field, bytes: toHex(bytes.slice(at.offset, end)) }).toEqual({ field, bytes: wanted })
    compared.push(field)
  }
  expect({ heading, end }).toEqual({ heading, end: bytes.length })
  return compared
}

const deviceRecord = hex(vectors.identities.bob.deviceRecord)
const R = deviceRecord.length

describe('the layouts in docs/protocol.md', () => {
  it('of a device record are those of the code', () => {
    const decoded = decodeDeviceRecord(deviceRecord)
    const compared = compare('### DeviceRecord', deviceRecord, { ...decoded }, { count: decoded.suites.length })
    expect(compared).toEqual(['suite', 'user', 'device', 'createdAt', 'expiresAt'])
  })

  it('of a prekey and a bundle are those of the code', () => {
    const prekey = decodePrekey(hex(vectors.modeA.prekey.record))
    const names = { 'P-256 point': prekey.p256, 'ML-KEM-768 key': prekey.kem }
    expect(compare('### Prekey', prekey.bytes, { ...prekey, ...names }, {})).toHaveLength(5)
    const bundle = encodeBundle(deviceRecord, prekey.bytes)
    const { record } = decodeBundle(bundle)
    const parts = { R, DeviceRecord: record.bytes, Prekey: prekey.bytes }
    expect(compare('### Bundle', bundle, parts, { R })).toHaveLength(3)
  })

  it('of a request and a response are those of the code', () => {
    const request = decodeRequest(hex(vectors.modeB.request))
    const ofRequest = { R, reqId: request.requestId, EK_A: request.p256, ek_A: request.kem, ekId: 1 }
    const asked = { ...request, ...ofRequest, 'DeviceRecord of A': request.record.bytes }
    expect(compare('### Request', request.bytes, asked, { R })).toHaveLength(11)
    const response = decodeResponse(hex(vectors.modeB.response))
    const ofResponse = { R, reqId: response.requestId, EK_B: response.p256, ek_B: response.kem, ekId: 1 }
    const more = { ct: response.ciphertext, 'request hash': response.requestHash }
    const answered = { ...response, ...ofResponse, ...more, 'DeviceRecord of B': response.record.bytes }
    expect(compare('### Response', response.bytes, answered, { R })).toHaveLength(14)
  })

  it('of an envelope are those of the code, whatever blocks it has', () => {
    const seen = new Set<number>()
    for (const { envelope } of [...vectors.conversationA, ...vectors.conversationB]) {
      const { bytes, header, blocks } = parseEnvelope(hex(envelope))
      const compared = compare(
        '## 6. Envelope',
        bytes,
        { ...header, version: 1 },
        {
          blocks: blocks.length,
          ctLen: header.ctLen,
        },
      )
      expect(compared.toSorted()).toEqual(['version', ...Object.keys(header)].toSorted())
      seen.add(header.flags)
    }
    expect([...seen].toSorted()).toEqual([0, 1, 2, 3, 8])
  })

  it('of the blocks of an envelope have the sizes of the code', () => {
    const sizes = { prekey: 2_285 + R, ek: 1_188, ct: 1_092 }
    for (const [name, size] of Object.entries(sizes)) {
      const [, text = ''] = new RegExp(`^\\| ${name} \\|.*\\| ([^|]+) \\|$`, 'm').exec(page) ?? []
      expect({ name, size: sumOf(text.replaceAll(/(\d) (\d)/g, '$1$2'), { R }) }).toEqual({ name, size })
    }
    for (const { envelope } of vectors.conversationA) {
      const { prekey, ek, ct, blocks } = parseEnvelope(hex(envelope))
      expect(blocks.length).toBe((prekey ? sizes.prekey : 0) + (ek ? sizes.ek : 0) + (ct ? sizes.ct : 0))
    }
  })
})
