import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import {
  base64,
  deviceId,
  email,
  givenPassword,
  newPassword,
  numberText,
  sequence,
  text,
  time,
  username,
  uuid,
  uuidV7,
} from '../src/fields.js'
import { encodeBase64, usernameKey } from '../src/index.js'

const takes = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success
const fault = (schema: z.ZodType, value: unknown): string | undefined =>
  schema.safeParse(value).error?.issues[0]?.message

describe('the fields of the contract', () => {
  it('take names of 3 to 50 letters, digits, _ and -', () => {
    for (const good of ['abc', 'A-_9', 'x'.repeat(50)]) expect(takes(username, good)).toBe(true)
    for (const bad of ['ab', 'x'.repeat(51), 'al ice', 'älice', 'a.b', 'abc\n', '', 'аlice']) {
      expect(takes(username, bad), JSON.stringify(bad)).toBe(false)
    }
  })

  it('fold names by ASCII alone, so that no other script reaches one of them', () => {
    expect(usernameKey('A-Z_Alice9')).toBe('a-z_alice9')
    for (const other of ['\u212A', '\u0130', '\u00C4']) expect(usernameKey(other)).toBe(other)
  })

  it('count a password in bytes and never cut it', () => {
    expect(takes(newPassword, 'password123')).toBe(true)
    expect(fault(newPassword, 'seven77')).toBe('at least 8 characters')
    expect(fault(newPassword, '🎉🎈🎂🎁')).toBe('at least 8 characters')
    expect(takes(newPassword, 'x'.repeat(256))).toBe(true)
    expect(takes(newPassword, 'ü'.repeat(128))).toBe(true)
    expect(fault(newPassword, 'ü'.repeat(129))).toBe('at most 256 bytes in UTF-8')
    expect(newPassword.parse('  spaces stay  ')).toBe('  spaces stay  ')
  })

  it('make one password of what keyboards write in two ways, before it is counted', () => {
    for (const schema of [newPassword, givenPassword]) {
      expect(schema.parse('pa\u0308sswo\u0308rd')).toBe('p\u00E4ssw\u00F6rd')
      expect(schema.parse('zero\u00A0one\u3000two')).toBe('zero one two')
      expect(schema.parse('\uFB01 is no f and i')).toBe('\uFB01 is no f and i')
      expect(takes(schema, 'a\u0308'.repeat(128))).toBe(true)
    }
    expect(fault(newPassword, 'a\u0308'.repeat(7))).toBe('at least 8 characters')
  })

  it('compose no password that is too long in any form: that would take seconds', () => {
    const marks = `a${'\u0315\u0323'.repeat(60_000)}`
    const begun = performance.now()
    expect(takes(givenPassword, marks)).toBe(false)
    expect(performance.now() - begun).toBeLessThan(1_000)
  })

  it('refuse NUL and lone surrogates in any text, and take whole pairs', () => {
    const any = text(0, 100)
    for (const bad of ['a\0b', '\uD800', 'a\uDC00b', '\uDC00\uD800']) expect(takes(any, bad)).toBe(false)
    for (const good of ['', 'grüß dich 🎉', '\uFFFD', '\u0001\n']) expect(takes(any, good)).toBe(true)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), given => {
        expect(takes(any, given)).toBe(!given.includes('\0'))
      }),
    )
  })

  it('take an address with one @', () => {
    expect(takes(email, 'alice@example.org')).toBe(true)
    for (const bad of ['alice', 'a@b@c', 'a b@c', '@', `${'a'.repeat(250)}@b.org`])
      expect(takes(email, bad)).toBe(false)
  })

  it('take UUIDs in any case and give them in lower case', () => {
    expect(uuid.parse('01890A5D-AC96-474B-BCCE-B302099A8057')).toBe('01890a5d-ac96-474b-bcce-b302099a8057')
    for (const bad of ['01890a5dac96474bbcceb302099a8057', '{01890a5d-ac96-474b-bcce-b302099a8057}', 'x'.repeat(36)]) {
      expect(takes(uuid, bad)).toBe(false)
    }
  })

  it('take only version 7 and its variant where message and request ids stand', () => {
    expect(takes(uuidV7, '01890a5d-ac96-774b-bcce-b302099a8057')).toBe(true)
    expect(takes(uuidV7, '01890a5d-ac96-474b-bcce-b302099a8057')).toBe(false)
    expect(takes(uuidV7, '01890a5d-ac96-774b-ccce-b302099a8057')).toBe(false)
  })

  it('take device ids from 1 to 2^32 − 1 and sequences from 0 to 2^53 − 1', () => {
    for (const good of [1, 0xffff_ffff]) expect(takes(deviceId, good)).toBe(true)
    for (const bad of [0, -1, 0x1_0000_0000, 1.5, '1', null, Number.NaN]) expect(takes(deviceId, bad)).toBe(false)
    expect(takes(sequence, 0)).toBe(true)
    expect(takes(sequence, Number.MAX_SAFE_INTEGER)).toBe(true)
    for (const bad of [-1, 2 ** 53, 0.5, Number.POSITIVE_INFINITY]) expect(takes(sequence, bad)).toBe(false)
  })

  it('take times in UTC only', () => {
    expect(takes(time, '2026-11-24T12:00:00.000Z')).toBe(true)
    for (const bad of ['2026-11-24', '2026-11-24T12:00:00+01:00', '2026-13-24T12:00:00Z', 1_800_000_000]) {
      expect(takes(time, bad)).toBe(false)
    }
  })

  it('tell a missing value from one that does not fit', () => {
    expect(fault(deviceId, undefined)).toContain('received undefined')
    expect(fault(time, undefined)).toContain('received undefined')
    expect(fault(deviceId, 1.5)).toBe('a whole number')
    expect(fault(sequence, 2 ** 60)).toBe('a whole number')
    expect(fault(deviceId, 2 ** 32)).toBe('at most 4294967295')
    expect(fault(time, 'today')).toBe('an RFC 3339 time in UTC')
  })

  it('read numbers from the text of a query, without signs, fractions and leading zeros', () => {
    const limit = numberText(1, 100)
    expect(limit.parse('100')).toBe(100)
    for (const bad of ['0', '101', '-1', '+1', '1.0', '01', '1e1', ' 1', '', '9'.repeat(400)]) {
      expect(takes(limit, bad), bad).toBe(false)
    }
  })

  it('hold base64 to its number of bytes and say how many came', () => {
    const key = base64(32)
    expect(takes(key, encodeBase64(new Uint8Array(32)))).toBe(true)
    expect(fault(key, encodeBase64(new Uint8Array(31)))).toBe('base64 of exactly 32 bytes, not of 31')
    expect(fault(base64(1, 4), encodeBase64(new Uint8Array(5)))).toBe('base64 of 1 to 4 bytes, not of 5')
    expect(fault(key, 'A'.repeat(44_000))).toBe('base64 of exactly 32 bytes, not of more')
    expect(fault(key, 'not base64!')).toContain('canonical form')
  })
})
