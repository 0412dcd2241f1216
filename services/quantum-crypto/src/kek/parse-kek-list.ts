import { base64Bytes, decodeBase64 } from '@qsm/contract'
import type { LocalKek } from '../at-rest/local-kek.js'

const kekBytes = 32
const minDistinctBytes = 8
const idForm = /^[A-Za-z0-9._-]{1,64}$/

type Entry = { readonly kek: LocalKek } | { readonly problem: string }

const parseEntry = (text: string): Entry => {
  const colon = text.indexOf(':')
  const [id, value] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)]
  if (!idForm.test(id))
    return { problem: 'needs an id of 1 to 64 letters, digits, ".", "_" or "-", and a colon behind it' }
  const bytes = base64Bytes(value)
  if (bytes !== kekBytes) {
    return { problem: `needs base64 of ${kekBytes} bytes behind "${id}:"${bytes === null ? '' : `, not of ${bytes}`}` }
  }
  const key = decodeBase64(value)
  if (new Set(key).size < minDistinctBytes) return { problem: `has a key that is not random under "${id}"` }
  return { kek: { id, key } }
}

const repeated = (values: readonly string[]): string | undefined =>
  values.find((value, index) => values.indexOf(value) !== index)

/**
 * Reads `id:base64-of-32-bytes` entries with commas or line ends between them, the current one first. Gives the keys, or
 * all problems at once, none of which repeats a key.
 */
export const parseKekList = (
  text: string,
): { readonly keys: readonly LocalKek[] } | { readonly problems: readonly string[] } => {
  const entries = text
    .split(/[,\r\n]+/)
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(parseEntry)
  const keys = entries.flatMap(entry => ('kek' in entry ? [entry.kek] : []))
  const problems = entries.flatMap((entry, index) =>
    'problem' in entry ? [`entry ${index + 1} ${entry.problem}`] : [],
  )
  if (entries.length === 0) problems.push('holds no key')
  const twice = repeated(keys.map(({ id }) => id))
  if (twice !== undefined) problems.push(`the id "${twice}" stands there twice`)
  if (repeated(keys.map(({ key }) => Buffer.from(key).toString('hex'))) !== undefined) {
    problems.push('the same key stands there twice under two ids')
  }
  return problems.length > 0 ? { problems } : { keys }
}
