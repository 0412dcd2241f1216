import { schemaSuite } from '../../../tests/support/schema-suite.js'
import { authEntities, authMigrations, authSchema } from '../src/index.js'

schemaSuite({ schema: authSchema, entities: authEntities, migrations: authMigrations })
