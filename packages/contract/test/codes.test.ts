import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  closeCodes,
  errorCatalogue,
  limits,
  publicLimits,
  publicLimitsSchema,
  reconnectsAfter,
  standardCloseCodes,
} from '../src/index.js'

const reference = readFileSync(new URL('../../../docs/reference/errors.md', import.meta.url), 'utf8')
const rowOf = (cell: string): readonly string[] | undefined =>
  reference
    .split('\n')
    .find(line => line.startsWith(`| ${cell} |`))
    ?.split('|')
    .map(part => part.trim())
    .slice(1, -1)

describe('the error catalogue', () => {
  it.each(Object.entries(errorCatalogue))('explains %s in the reference', (code, entry) => {
    const row = rowOf(`\`${code}\``)
    expect(row).toEqual([
      `\`${code}\``,
      String(entry.status),
      entry.retryable ? 'yes' : 'no',
      entry.message,
      entry.when,
    ])
    for (const text of [entry.message, entry.when]) expect(text).toMatch(/^[A-Z`].{15,}\.$/)
  })

  it('answers bad input with 4xx, and calls only what passes by itself retryable', () => {
    for (const [code, { status, retryable }] of Object.entries(errorCatalogue)) {
      expect(code).toMatch(/^[a-z_]+$/)
      expect(status).toBeGreaterThanOrEqual(400)
      if (retryable) expect([408, 429, 500, 503]).toContain(status)
    }
  })
})

describe('close codes', () => {
  const own = Object.values(closeCodes)

  it('are explained in the reference, each once', () => {
    for (const { code, reason, meaning, next } of [...own, ...standardCloseCodes]) {
      expect(rowOf(String(code))).toEqual([
        String(code),
        `\`${reason}\``,
        reconnectsAfter(code) ? 'yes' : 'no',
        meaning,
        next,
      ])
    }
    expect(new Set(own.map(({ code }) => code)).size).toBe(own.length)
  })

  it('tell by their range whether to connect again', () => {
    for (const { code, next } of own) {
      expect(code).toBeGreaterThanOrEqual(4000)
      expect(code).toBeLessThan(5000)
      expect(reconnectsAfter(code)).toBe(code < 4500)
      expect(next.startsWith('Stops')).toBe(code >= 4500)
    }
    for (const code of [4000, 4499]) expect(reconnectsAfter(code)).toBe(true)
    for (const code of [4500, 4999]) expect(reconnectsAfter(code)).toBe(false)
  })

  it('of the standard make a client connect again, but for its own faults', () => {
    for (const code of [1001, 1006, 1011, 1012, 1013]) expect(reconnectsAfter(code)).toBe(true)
    for (const code of [1002, 1003, 1007, 1009]) expect(reconnectsAfter(code)).toBe(false)
    for (const { code, next } of standardCloseCodes) expect(next.startsWith('Stops')).toBe(!reconnectsAfter(code))
  })

  it('have reasons that fit into a close frame (RFC 6455 section 5.5)', () => {
    for (const { reason } of own) expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123)
  })
})

describe('the limits that clients are shown', () => {
  it('are all limits, under their names with underscores', () => {
    expect(Object.keys(publicLimits).length).toBe(Object.keys(limits).length)
    expect(publicLimits.max_envelopes_per_send).toBe(limits.maxEnvelopesPerSend)
    expect(publicLimits.request_life_ms).toBe(14 * 24 * 3_600_000)
    expect(publicLimitsSchema.parse(publicLimits)).toEqual(publicLimits)
    for (const name of Object.keys(publicLimits)) expect(name).toMatch(/^[a-z]+(_[a-z]+)+$/)
  })
})
