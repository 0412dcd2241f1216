import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'

const quietly = (read, fallback) => {
  try {
    return read()
  } catch {
    return fallback // Of another user, or gone in between.
  }
}

/** Numbers of the sockets that listen on a port, by the tables of the kernel. */
const listeningInodes = port => {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(table =>
    quietly(() => readFileSync(table, 'utf8'), '')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${hexPort}`))
      .map(fields => `socket:[${fields[9]}]`),
  )
}

const pidOf = port => {
  if (process.platform !== 'linux') {
    const list = () => execFileSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t'], { encoding: 'utf8' })
    return Number(quietly(list, '').split('\n')[0]) || null
  }
  const inodes = new Set(listeningInodes(port))
  const holds = pid =>
    quietly(() => readdirSync(`/proc/${pid}/fd`), []).some(name =>
      inodes.has(quietly(() => readlinkSync(`/proc/${pid}/fd/${name}`), '')),
    )
  return Number(readdirSync('/proc').find(name => /^\d+$/.test(name) && holds(name))) || null
}

/** Whether a port can be had on HOST. What is wrong with it besides, the server itself says. */
export const isPortFree = port =>
  new Promise(resolve => {
    const probe = createServer()
    probe.once('error', error => resolve(error.code !== 'EADDRINUSE'))
    probe.listen(port, process.env.HOST ?? '127.0.0.1', () => probe.close(() => resolve(true)))
  })

/** Who listens on a port, in words: number and program, as far as this user may know. */
export const describeHolder = port => {
  const pid = pidOf(port)
  if (pid === null) return 'a process of which this user may not know the number'
  const command = quietly(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), '')
  return command === '' ? `process ${pid}` : `process ${pid} (${command})`
}
