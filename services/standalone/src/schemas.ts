import { authEntities, authMigrations, authSchema } from '@qsm/auth'
import { messageEntities, messageMigrations, messageSchema } from '@qsm/message'
import { quantumEntities, quantumMigrations, quantumSchema } from '@qsm/quantum-crypto'
import type { DatabaseOptions } from '@qsm/server-kit'

/** What runs in a process: everything, the main application, or the quantum service. */
export type ProcessPart = 'all' | 'main' | 'quantum'

export interface ServiceSchema extends Pick<DatabaseOptions, 'schema' | 'entities' | 'migrations'> {
  readonly part: Exclude<ProcessPart, 'all'>
}

const schemas: readonly ServiceSchema[] = [
  { part: 'main', schema: authSchema, entities: authEntities, migrations: authMigrations },
  { part: 'main', schema: messageSchema, entities: messageEntities, migrations: messageMigrations },
  { part: 'quantum', schema: quantumSchema, entities: quantumEntities, migrations: quantumMigrations },
]

/** The schemas that a process owns and brings up to date. */
export const schemasOf = (part: ProcessPart): readonly ServiceSchema[] =>
  schemas.filter(schema => part === 'all' || schema.part === part)
