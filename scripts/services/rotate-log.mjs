import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'

/** How many older logs are kept beside the one that is written. */
const keptFiles = 4

/** What a log may grow to. */
export const defaultMaxBytes = 10_000_000

const shift = file => {
  rmSync(`${file}.${keptFiles}`, { force: true })
  for (let number = keptFiles - 1; number > 0; number -= 1) {
    if (statSync(`${file}.${number}`, { throwIfNoEntry: false }))
      renameSync(`${file}.${number}`, `${file}.${number + 1}`)
  }
}

/** Moves a log that nobody writes aside when it is over its bound: `x.log` becomes `x.log.1`, and so on up to `.4`. */
export const rotateClosedLog = (file, maxBytes) => {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= maxBytes) return
  shift(file)
  renameSync(file, `${file}.1`)
}

/**
 * The same for a log that this process has as `descriptor`, open for appending: its text is copied, then cut. What other
 * threads append while it is copied is copied as well.
 */
export const rotateOpenLog = (file, descriptor, maxBytes) => {
  if (fstatSync(descriptor).size <= maxBytes) return
  shift(file)
  const source = openSync(file, 'r')
  const target = openSync(`${file}.1`, 'w', 0o600)
  try {
    const buffer = Buffer.alloc(1_048_576)
    for (let read = readSync(source, buffer); read > 0; read = readSync(source, buffer))
      writeSync(target, buffer, 0, read)
    ftruncateSync(descriptor, 0)
  } finally {
    closeSync(source)
    closeSync(target)
  }
}
