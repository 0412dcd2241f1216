import type { Writable } from 'node:stream'

/** Gathers what is written to a stream within one turn of the event loop into a single write to the network. */
export type Gather = (stream: Writable) => void

/** A small frame costs the kernel as much as a large one: one write for many frames is ten times as fast as many writes. */
export const createGather = (): Gather => {
  let corked: Writable[] = []
  const release = () => {
    const streams = corked
    corked = []
    for (const stream of streams) stream.uncork()
  }
  return stream => {
    if (stream.writableCorked > 0) return
    if (corked.length === 0) setImmediate(release)
    stream.cork()
    corked.push(stream)
  }
}
