import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * The key-encryption key of a developer's machine, in the form of QSM_KEK: drawn once, kept beside the data with mode 0600.
 */
export const generatedKek = (dataFolder: string): string => {
  const folder = resolve(dataFolder)
  const file = join(folder, 'kek')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    const text = `generated-1:${randomBytes(32).toString('base64')}`
    writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' })
    return text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return readFileSync(file, 'utf8').trim()
  }
}
