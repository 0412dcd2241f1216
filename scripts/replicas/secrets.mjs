import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const draw = () => ({
  jwtSecret: randomBytes(48).toString('base64'),
  kek: `k1:${randomBytes(32).toString('base64')}`,
  redisPassword: randomBytes(24).toString('hex'),
})

/** The secrets of this installation, drawn once and kept in a file of its owner alone. */
export const secretsIn = folder => {
  const file = join(folder, 'secrets.json')
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(draw()), { mode: 0o600 })
  return JSON.parse(readFileSync(file, 'utf8'))
}
