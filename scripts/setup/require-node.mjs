// Imported before everything else. Plain old syntax, so that an old Node gets as far as this message.
import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
const needed = engines.node.replace('>=', '')
const numbers = needed.split('.').map(Number)
const current = process.versions.node.split('.').map(Number)

let order = 0
for (let at = 0; at < 3 && order === 0; at += 1) order = current[at] - numbers[at]

if (order < 0) {
  console.error(
    'QSM needs Node ' +
      needed +
      ' or newer; this is Node ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'Get a newer one from https://nodejs.org or your version manager, then start again.',
  )
  process.exit(1)
}
