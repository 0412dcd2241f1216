import { authEntities, authMigrations, authSchema } from '@qsm/auth'
import { messageEntities, messageMigrations, messageSchema } from '@qsm/message'
import { quantumEntities, quantumMigrations, quantumSchema } from '@qsm/quantum-crypto'
import type { DatabaseOptions } from '@qsm/server-kit'

/** What runs in a process: everything, the main application, or the quantum service. */
export type ProcessPart = 'all' | 'main' | 'quantum'

/** A service that runs alone. */
export type PodName = 'auth' | 'message' | 'quantum-crypto'

export type SchemaOwner = ProcessPart | PodName

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
export const schemasOf = (owner: SchemaOwner): readonly ServiceSchema[] =>
  schemas.filter(({ part, pod }) => owner === 'all' || owner === part || owner === pod)
