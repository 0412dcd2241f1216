import { schemaSuite } from '../../../tests/support/schema-suite.js'
import { messageEntities, messageMigrations, messageSchema } from '../src/index.js'

schemaSuite({ schema: messageSchema, entities: messageEntities, migrations: messageMigrations })
