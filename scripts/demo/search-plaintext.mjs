import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const filesBelow = folder =>
  readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : [path]
  })

/**
 * Looks for texts in every file of the database: tables, indexes, write-ahead log and server log. Returns the files that
 * hold one, and how many bytes were read. `present` must be found, or the search itself would prove nothing.
 */
export const searchPlaintext = (folder, texts, present) => {
  const found = []
  let bytes = 0
  let sawPresent = false
  for (const path of filesBelow(folder)) {
    if (!statSync(path).isFile()) continue
    const content = readFileSync(path)
    bytes += content.length
    if (content.includes(present)) sawPresent = true
    for (const text of texts) if (content.includes(text)) found.push(`${path}: ${text.slice(0, 40)}`)
  }
  return { found, bytes, sawPresent }
}
