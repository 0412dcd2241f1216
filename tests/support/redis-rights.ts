import { readFileSync } from 'node:fs'
import type { TestRedis } from './redis.js'

/** Makes the Redis user that the manual names, with its rights and no others. Returns its address. */
export const withRightsOfManual = (redis: TestRedis): string => {
  const manual = readFileSync(new URL('../../docs/replicas.md', import.meta.url), 'utf8')
  const [, rights] = /^ACL SETUSER qsm on >PASSWORD (.+)$/m.exec(manual) ?? []
  if (rights === undefined) throw new Error('docs/replicas.md names no rights')
  redis.command('ACL', 'SETUSER', 'qsm', 'on', '>secret', ...rights.split(' '))
  return `redis://qsm:secret@127.0.0.1:${redis.port}`
}
