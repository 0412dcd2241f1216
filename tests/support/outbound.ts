import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/**
 * The command that runs another and all processes that it starts, and writes every call that can reach beyond them into a
 * file: connections of all kinds and datagrams, which DNS goes by. The signals go to the other command itself (-D).
 * No byte of what is sent is written (-s 0).
 */
export const recordOutbound = (file: string): readonly string[] => [
  'strace',
  ...['-D', '-f', '--seccomp-bpf', '-qq', '-s', '0', '-o', file],
  ...['-e', 'trace=execve,connect,sendto,sendmsg,sendmmsg', '-e', 'signal=none'],
]

/** Whether processes can be followed here. What needs it says by name that it was not run. */
export const canRecordOutbound = spawnSync('strace', ['-f', '--seccomp-bpf', '-o', '/dev/null', 'true']).status === 0

const internet = /sin6?_port=htons\((\d+)\).*?(?:inet_addr\("|AF_INET6, ")([^"]+)"/
const local = /sa_family=AF_UNIX, sun_path=@?"([^"]+)"/
/** The C library looks there first for a cache of names; where none runs, it finds nothing. */
const nameCache = '/var/run/nscd/socket'

const started = /execve\("(?:[^"]*\/)?([^"/]+)"/

/**
 * Every address that was asked for a connection or sent a datagram (`127.0.0.1:5432`, `[::1]:53`, a path), with the programs
 * that did: by the name of the program where its first thread did, else `a thread`.
 */
export const outboundOf = (file: string): ReadonlyMap<string, ReadonlySet<string>> => {
  const programs = new Map<string, string>()
  const found = new Map<string, Set<string>>()
  const note = (address: string, id: string) => {
    const by = found.get(address) ?? new Set()
    found.set(address, by.add(programs.get(id) ?? 'a thread'))
  }
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const [id = ''] = line.split(' ', 1)
    const [, program] = started.exec(line) ?? []
    if (program) programs.set(id, program)
    const [, port, address = ''] = internet.exec(line) ?? []
    if (port) note(`${address.includes(':') ? `[${address}]` : address}:${port}`, id)
    const [, path] = local.exec(line) ?? []
    if (path && (path !== nameCache || existsSync(path))) note(path, id)
  }
  return found
}
