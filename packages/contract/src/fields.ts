import * as z from 'zod'
import { base64Bytes, base64Length, base64Pattern } from './base64.js'
import { limits } from './limits.js'

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what is looked for; Postgres text cannot hold it.
const unstorable = /\u0000|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

/** Text that every store can hold: no NUL, no lone surrogate. Lengths count code points. */
export const text = (minLength: number, maxLength: number, string = z.string()) =>
  string
    .min(minLength, minLength === 1 ? 'not empty' : `at least ${minLength} characters`)
    .max(maxLength, `at most ${maxLength} characters`)
    .refine(value => !unstorable.test(value), 'no NUL character and no lone surrogate')

export const utf8Bytes = (value: string): number => new TextEncoder().encode(value).length

/** UTF-16 units. More than any password that fits has in any form; to compose much text takes seconds. */
const maxTypedPassword = 4 * limits.maxPasswordBytes

/**
 * One password, however a keyboard writes it: OpaqueString of RFC 8265 section 4.2, every space as U+0020 and then NFC. What
 * is too long anyhow stays as it is.
 */
const asOnePassword = (value: string): string =>
  value.length > maxTypedPassword ? value : value.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC')

/** A password; its length is that of what `asOnePassword` makes of it. */
const password = (minCharacters: number) =>
  text(minCharacters, limits.maxPasswordBytes, z.string().overwrite(asOnePassword)).refine(
    value => utf8Bytes(value) <= limits.maxPasswordBytes,
    `at most ${limits.maxPasswordBytes} bytes in UTF-8`,
  )

export const username = z
  .string()
  .min(limits.minUsernameCharacters, `at least ${limits.minUsernameCharacters} characters`)
  .max(limits.maxUsernameCharacters, `at most ${limits.maxUsernameCharacters} characters`)
  .regex(/^[A-Za-z0-9_-]*$/, 'only letters A-Z and a-z, digits, _ and -')
  .meta({ id: 'Username', description: 'One name, one account: case does not count.', example: 'alice' })

/** A username as it is compared and stored for lookups. Only ASCII is folded: the Kelvin sign is no k. */
export const usernameKey = (name: string): string => name.replaceAll(/[A-Z]/g, letter => letter.toLowerCase())

export const email = text(3, limits.maxEmailCharacters)
  .regex(/^[^\s@]+@[^\s@]+$/, 'an address with one @ and no spaces')
  .meta({ example: 'alice@example.org' })

/** Any text of 8 characters to 256 bytes in UTF-8; never cut. */
export const newPassword = password(limits.minPasswordCharacters).meta({
  format: 'password',
  description: 'At most 256 bytes in UTF-8. Counted and kept in NFC, with every kind of space as U+0020 (RFC 8265).',
  example: 'correct horse battery',
})

/** A password that is only compared: any length that one may have. */
export const givenPassword = password(1).meta({ format: 'password', example: 'correct horse battery' })

const uuidForm = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/
const uuidV7Form = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$/
const uuidExample = '01890a5d-ac96-774b-bcce-b302099a8057'

/** A UUID in text form, any case, answered in lower case. */
export const uuid = z
  .string()
  .regex(uuidForm, `a UUID such as ${uuidExample}`)
  .toLowerCase()
  .meta({ id: 'Uuid', format: 'uuid', example: uuidExample })

/** A UUID of version 7 (RFC 9562 section 5.7). */
export const uuidV7 = z
  .string()
  .regex(uuidV7Form, `a UUID of version 7 such as ${uuidExample}`)
  .toLowerCase()
  .meta({ id: 'UuidV7', format: 'uuid', description: 'UUID of version 7 (RFC 9562).', example: uuidExample })

/** Leaves a missing value to the default text, by which it is told from one that does not fit. */
const unlessMissing = (message: string) => ({
  error: (issue: { readonly input?: unknown }) => (issue.input === undefined ? undefined : message),
})

/** A device id: a 32-bit number that is not 0. */
export const deviceId = z
  .int(unlessMissing('a whole number'))
  .min(1, 'at least 1')
  .max(0xffff_ffff, 'at most 4294967295')
  .meta({ id: 'DeviceId', description: 'Drawn by the client, unique for its user.', example: 305419896 })

const wholeNumber = (minimum: number) =>
  z
    .int(unlessMissing('a whole number'))
    .min(minimum, `at least ${minimum}`)
    .max(Number.MAX_SAFE_INTEGER, `at most ${Number.MAX_SAFE_INTEGER}`)

export const count = wholeNumber(0)

/** A position in a mailbox; 0 is before the first message. */
export const sequence = wholeNumber(0).meta({
  id: 'Sequence',
  description: 'A position in a mailbox, counted from 1; 0 is before the first message.',
  example: 42,
})

/** Which life of a mailbox it is. */
export const epoch = wholeNumber(0).meta({
  description:
    'Which life of the mailbox this is, 0 without a mailbox. Another one than before means: read again from the start.',
  example: 1_804_289_383,
})

/** RFC 3339 time in UTC. */
export const time = z.iso
  .datetime(unlessMissing('an RFC 3339 time in UTC'))
  .meta({ id: 'Time', description: 'RFC 3339, in UTC.', example: '2026-11-24T12:00:00.000Z' })

/** Strict base64 of `minBytes` to `maxBytes` bytes; stays text. */
export const base64 = (minBytes: number, maxBytes: number = minBytes) => {
  const wanted = minBytes === maxBytes ? `exactly ${minBytes}` : `${minBytes} to ${maxBytes}`
  return z
    .string()
    .superRefine((value, context) => {
      const bytes = value.length > base64Length(maxBytes) ? Number.POSITIVE_INFINITY : base64Bytes(value)
      if (bytes === null) {
        context.addIssue({ code: 'custom', message: 'base64 in the standard alphabet with padding, in canonical form' })
      } else if (bytes < minBytes || bytes > maxBytes) {
        const given = bytes === Number.POSITIVE_INFINITY ? 'more' : bytes
        context.addIssue({ code: 'custom', message: `base64 of ${wanted} bytes, not of ${given}` })
      }
    })
    .meta({
      contentEncoding: 'base64',
      minLength: base64Length(minBytes),
      maxLength: base64Length(maxBytes),
      pattern: minBytes === maxBytes ? base64Pattern(minBytes) : base64Pattern(),
      description: `Base64 of ${wanted} bytes.`,
    })
}

/** A whole number in the text of a query or path. */
export const numberText = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, 'a whole number')
    .transform(Number)
    .refine(value => value >= minimum && value <= maximum, `a whole number from ${minimum} to ${maximum}`)
    .meta({
      override: ({ jsonSchema }: { jsonSchema: Record<string, unknown> }) => {
        delete jsonSchema.pattern
        Object.assign(jsonSchema, { type: 'integer', minimum, maximum })
      },
    })

export const pageLimit = numberText(1, limits.maxPageEntries).optional()
