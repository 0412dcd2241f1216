import { schemaSuite } from '../../../tests/support/schema-suite.js'
import { quantumEntities, quantumMigrations, quantumSchema } from '../src/index.js'

schemaSuite({ schema: quantumSchema, entities: quantumEntities, migrations: quantumMigrations })
