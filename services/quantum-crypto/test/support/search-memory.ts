import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

/** What memory may hold of a key: its bytes, or a text of them in hex or base64 at any of three offsets. Windows of 32 bytes. */
export const traces = (key: Uint8Array): readonly Buffer[] =>
  [8, 400, 800].flatMap(start => {
    const part = Buffer.from(key.subarray(start, start + 33))
    const base64 = [0, 1, 2].map(offset => Buffer.from(part.subarray(offset, offset + 30).toString('base64')))
    const hex = part.toString('hex')
    return [part.subarray(0, 32), Buffer.from(hex), Buffer.from(hex.toUpperCase()), ...base64]
  })

const chunkBytes = 16 * 1_048_576

/** How many of these stand anywhere in the writable memory of a process (Linux). */
export const countInMemory = (pid: number, needles: readonly Buffer[]): number => {
  const overlap = Math.max(...needles.map(needle => needle.length)) - 1
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const found = new Set<Buffer>()
  const chunk = Buffer.alloc(chunkBytes)
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, from, to, rights] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? []
      if (!from || !to || !rights?.startsWith('rw')) continue
      const end = Number.parseInt(to, 16)
      for (let at = Number.parseInt(from, 16); at < end; at += chunkBytes - overlap) {
        const bytes = readPart(memory, chunk, at, Math.min(chunkBytes, end - at))
        for (const needle of needles) if (bytes.includes(needle)) found.add(needle)
      }
    }
  } finally {
    closeSync(memory)
    chunk.fill(0)
  }
  return found.size
}

/** A range that went away, or that is reserved and not there, holds nothing. */
const readPart = (memory: number, chunk: Buffer, at: number, length: number): Buffer => {
  try {
    return chunk.subarray(0, readSync(memory, chunk, 0, length, at))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EIO') return chunk.subarray(0, 0)
    throw error
  }
}
