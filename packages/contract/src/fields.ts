import { z } from 'zod'
import { base64Bytes } from './base64.js'
import { limits } from './limits.js'

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what is looked for; Postgres text cannot hold it.
const unstorable = /\u0000|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

/** Text that every store can hold: no NUL, no lone surrogate. Lengths count UTF-16 units. */
export const text = (minLength: number, maxLength: number) =>
  z
    .string()
    .min(minLength, `at least ${minLength} characters`)
    .max(maxLength, `at most ${maxLength} characters`)
    .refine(value => !unstorable.test(value), 'no NUL character and no lone surrogate')

const utf8Bytes = (value: string): number => new TextEncoder().encode(value).length

export const username = z
  .string()
  .min(limits.minUsernameCharacters, `at least ${limits.minUsernameCharacters} characters`)
  .max(limits.maxUsernameCharacters, `at most ${limits.maxUsernameCharacters} characters`)
  .regex(/^[A-Za-z0-9_-]*$/, 'only letters A-Z and a-z, digits, _ and -')
  .meta({ description: 'One name, one account: case does not count.', example: 'alice' })

export const email = text(3, limits.maxEmailCharacters)
  .regex(/^[^\s@]+@[^\s@]+$/, 'an address with one @ and no spaces')
  .meta({ example: 'alice@example.org' })

/** Any text of 8 characters to 256 bytes in UTF-8; never cut. */
export const newPassword = text(limits.minPasswordCharacters, limits.maxPasswordBytes)
  .refine(value => utf8Bytes(value) <= limits.maxPasswordBytes, `at most ${limits.maxPasswordBytes} bytes in UTF-8`)
  .meta({ example: 'correct horse battery' })

/** A password that is only compared: any length that one may have. */
export const givenPassword = text(1, limits.maxPasswordBytes).refine(
  value => utf8Bytes(value) <= limits.maxPasswordBytes,
  `at most ${limits.maxPasswordBytes} bytes in UTF-8`,
)

const uuidForm = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/
const uuidV7Form = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$/

/** A UUID in text form, any case, answered in lower case. */
export const uuid = z
  .string()
  .regex(uuidForm, 'a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057')
  .toLowerCase()
  .meta({ format: 'uuid' })

/** A UUID of version 7 (RFC 9562). */
export const uuidV7 = z
  .string()
  .regex(uuidV7Form, 'a UUID of version 7')
  .toLowerCase()
  .meta({ format: 'uuid', description: 'UUID version 7' })

/** A device id: a 32-bit number that is not 0. */
export const deviceId = z
  .int('a whole number')
  .min(1, 'at least 1')
  .max(0xffff_ffff, 'at most 4294967295')
  .meta({ example: 305419896 })

export const sequence = z.int('a whole number').min(0, 'at least 0').max(Number.MAX_SAFE_INTEGER)

/** RFC 3339 time in UTC. */
export const time = z.iso.datetime().meta({ example: '2026-11-24T12:00:00.000Z' })

/** Strict base64 of `minBytes` to `maxBytes` bytes; stays text. */
export const base64 = (minBytes: number, maxBytes: number = minBytes) =>
  z
    .string()
    .max(Math.ceil(maxBytes / 3) * 4, `base64 of at most ${maxBytes} bytes`)
    .superRefine((value, context) => {
      const bytes = base64Bytes(value)
      if (bytes === null) {
        context.addIssue({ code: 'custom', message: 'base64 in the standard alphabet with padding, in canonical form' })
      } else if (bytes < minBytes || bytes > maxBytes) {
        const wanted = minBytes === maxBytes ? `exactly ${minBytes}` : `${minBytes} to ${maxBytes}`
        context.addIssue({ code: 'custom', message: `base64 of ${wanted} bytes, not of ${bytes}` })
      }
    })
    .meta({ contentEncoding: 'base64' })

/** A whole number in the text of a query or path. */
export const numberText = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, 'a whole number')
    .transform(Number)
    .refine(value => value >= minimum && value <= maximum, `a whole number from ${minimum} to ${maximum}`)

export const pageLimit = numberText(1, limits.maxPageEntries).optional()
