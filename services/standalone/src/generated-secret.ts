import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { StandaloneConfig } from './config.js'

const fileIn = (dataFolder: string): string => join(resolve(dataFolder), 'jwt-secret')

/** The secret that was drawn on this machine before; null where there is none. */
export const keptJwtSecret = (dataFolder: string): string | null => {
  const file = fileIn(dataFolder)
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null
}

/** The secret that signs tokens on a developer's machine: drawn once, kept beside the data with mode 0600. */
const generatedJwtSecret = (dataFolder: string): string => {
  const kept = keptJwtSecret(dataFolder)
  if (kept !== null) return kept
  mkdirSync(resolve(dataFolder), { recursive: true, mode: 0o700 })
  const secret = randomBytes(48).toString('base64url')
  writeFileSync(fileIn(dataFolder), `${secret}\n`, { mode: 0o600, flag: 'wx' })
  return secret
}

/** The secret of JWT_SECRET, or else the one of this machine. */
export const jwtSecretOf = (config: Pick<StandaloneConfig, 'JWT_SECRET' | 'QSM_DATA_DIR'>): string =>
  config.JWT_SECRET?.reveal() ?? generatedJwtSecret(config.QSM_DATA_DIR)
