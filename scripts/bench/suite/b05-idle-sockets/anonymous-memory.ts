import { readFileSync } from 'node:fs'

/** Resident anonymous memory of a process in KiB: heaps and stacks, not program files or shared buffers. */
export const anonymousKib = (pid: number): number => {
  const found = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  if (!found) throw new Error(`/proc/${pid}/status has no RssAnon`)
  return Number(found[1])
}
