// Runs while the image of the next version is made: gives the message service one more migration. node next-migration.mjs APP
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const source = join(process.argv[2], 'services/message/dist/src')
writeFileSync(
  join(source, 'migrations/9999-next.js'),
  `export class Next4102444800000 {
  name = 'Next4102444800000'
  async up(runner) { await runner.query('ALTER TABLE message.sent ADD COLUMN next_version text') }
  async down(runner) { await runner.query('ALTER TABLE message.sent DROP COLUMN next_version') }
}
`,
)
const file = join(source, 'context.js')
const text = readFileSync(file, 'utf8')
const patched = text.replace(
  'export const messageMigrations = [',
  'export const messageMigrations = [\n    Next4102444800000,',
)
if (patched === text) throw new Error('context.js has no list of migrations to add to')
writeFileSync(file, `import { Next4102444800000 } from './migrations/9999-next.js';\n${patched}`)
