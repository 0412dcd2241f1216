import { readFileSync } from 'node:fs'
import type { TestRedis } from './redis.js'

/** Makes the Redis user that the manual names, with its rights, those for a cluster where it is one, and no others. Returns its address. */
export const withRightsOfManual = (redis: TestRedis, { cluster = false } = {}): string => {
  const manual = readFileSync(new URL('../../docs/replicas.md', import.meta.url), 'utf8')
  const [, rights] = /^ACL SETUSER qsm on >PASSWORD (.+)$/m.exec(manual) ?? []
  if (rights === undefined) throw new Error('docs/replicas.md names no rights')
  redis.command('ACL', 'SETUSER', 'qsm', 'on', '>secret', ...rights.split(' '))
  if (cluster) {
    const [, more] = /^ACL SETUSER qsm (\+.+)$/m.exec(manual) ?? []
    if (more === undefined) throw new Error('docs/replicas.md names no rights for a cluster')
    redis.command('ACL', 'SETUSER', 'qsm', ...more.split(' '))
  }
  return `redis://qsm:secret@127.0.0.1:${redis.port}`
}
