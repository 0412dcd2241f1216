// Writes numbered lines to standard output without a pause, as the log of a busy service does, until there is a file.
import { existsSync, write } from 'node:fs'

let number = 0
const next = () => {
  if (number % 1_000 === 0 && existsSync(process.argv[2])) return
  write(1, `line ${String(number++).padStart(8, '0')}\n`, next)
}
next()
