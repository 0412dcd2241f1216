// npm run demo [-- [--url URL] [FILE]]: the whole story between two people, against a fresh server or the one at URL. Prints
// what happens and whether it was right. The lines that are sent one by one are those of FILE, by default of
// scripts/demo/thousand-lines.txt.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { setUp } from './setup.mjs'

await setUp()
const { playDemo, thousandLinesFile } = await import('./demo/play.mjs')
const { values, positionals } = parseArgs({ options: { url: { type: 'string' } }, allowPositionals: true })
const textFile = positionals[0] ? resolve(process.env.INIT_CWD ?? '.', positionals[0]) : thousandLinesFile
process.exitCode = await playDemo({ textFile, url: values.url })
