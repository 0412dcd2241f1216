import { authEntities, authMigrations, authSchema } from '@qsm/auth'
import { messageEntities, messageMigrations, messageSchema } from '@qsm/message'
import { quantumEntities, quantumMigrations, quantumSchema } from '@qsm/quantum-crypto'
import type { DatabaseOptions } from '@qsm/server-kit'
import type { PodName, ProcessPart, Target } from './target.js'

export interface ServiceSchema extends Pick<DatabaseOptions, 'schema' | 'entities' | 'migrations'> {
  readonly part: Exclude<ProcessPart, 'all'>
  readonly pod: PodName
}

const schemas: readonly ServiceSchema[] = [
  { part: 'main', pod: 'auth', schema: authSchema, entities: authEntities, migrations: authMigrations },
  { part: 'main', pod: 'message', schema: messageSchema, entities: messageEntities, migrations: messageMigrations },
  {
    part: 'quantum',
    pod: 'quantum-crypto',
    schema: quantumSchema,
    entities: quantumEntities,
    migrations: quantumMigrations,
  },
]

/** The schemas that a process or a pod owns and brings up to date. */
export const schemasOf = (target: Target): readonly ServiceSchema[] =>
  schemas.filter(({ part, pod }) => target === 'all' || target === part || target === pod)
