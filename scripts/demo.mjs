// npm run demo [-- FILE]: the whole story between two people, against a fresh server. Prints what happens and whether it
// was right. The lines that are sent one by one are those of FILE, by default of scripts/demo/thousand-lines.txt.
import { resolve } from 'node:path'
import { setUp } from './setup.mjs'

await setUp()
const { playDemo, thousandLinesFile } = await import('./demo/play.mjs')
const [file] = process.argv.slice(2)
process.exitCode = await playDemo(file ? resolve(process.env.INIT_CWD ?? '.', file) : thousandLinesFile)
