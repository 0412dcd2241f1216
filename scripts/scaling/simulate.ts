// npm run scaling -- [--users 1e6] [--messagesPerDay 40 …] [--alone] [--write]: what so many users need, on paper.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { assumptions, defaults } from './assumptions.js'
import { simulateDay } from './day.js'
import { drawDay } from './draw-day.js'
import { readMeasured } from './measured.js'
import { renderTables } from './render-table.js'
import { sizeFor } from './size.js'

const flags = {
  alone: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const
const usage = [
  'usage: npm run scaling -- [--NAME NUMBER …] [--alone] [--write]',
  ...Object.entries(assumptions).map(([name, { value, about }]) => `  --${name} ${value}`.padEnd(30) + about),
  `${'  --alone'.padEnd(30)}sends cost what they cost where they share no statement with others`,
  `${'  --write'.padEnd(30)}writes docs/scaling.svg`,
].join('\n')

const numbers = Object.fromEntries(Object.keys(assumptions).map(name => [name, { type: 'string' as const }]))
const { values } = parseArgs({ options: { ...numbers, ...flags } })
if (values.help) {
  console.log(usage)
  process.exit(0)
}
const given = { ...defaults }
for (const name of Object.keys(assumptions) as (keyof typeof assumptions)[]) {
  const text = (values as Record<string, unknown>)[name]
  if (text === undefined) continue
  const value = Number(text)
  if (!(value > 0)) {
    console.error(`--${name} must be a number above 0, not "${text}"\n\n${usage}`)
    process.exit(2)
  }
  Object.assign(given, { [name]: value })
}
const measured = readMeasured(values.alone)
const size = sizeFor(given, measured)
const zoneLost = simulateDay(given, measured, size, true)
console.log(renderTables(given, size, { usual: simulateDay(given, measured, size, false), zoneLost }))
if (values.write) {
  const title = `A day of ${given.users.toLocaleString('en-US')} users; a zone is lost from 20 to 21 h`
  writeFileSync(fileURLToPath(new URL('../../docs/scaling.svg', import.meta.url)), drawDay(title, zoneLost))
}
