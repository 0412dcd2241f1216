// npm run bench:revocation: how long a socket lives on after its session, on two pods: logout by REST at either pod, with Redis
// and without. Prints a table; asserts nothing.
import { cpus } from 'node:os'
import WebSocket from 'ws'
import { startReplicas } from '../../tests/support/replicas.js'
import { type BenchPerson, loadAlgorithms, makePerson } from './people.js'
import { percentile } from './realtime/figures.js'

const people = Number(process.env.BENCH_PEOPLE ?? 100)
const patienceMs = 60_000
const say = (text: string) => console.error(text)

/** Logs one person out; resolves with the milliseconds from the answer until the socket was closed. */
const lifeAfterLogout = async (url: string, pod: string, { token }: BenchPerson): Promise<number> => {
  const headers = { authorization: `Bearer ${token}` }
  const socket = new WebSocket(`${pod.replace('http', 'ws')}/ws`, { headers })
  await new Promise<void>((resolve, reject) => {
    socket.once('message', () => resolve())
    socket.once('error', reject)
  })
  const closed = new Promise<number>((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error(`a socket lived on for ${patienceMs / 1_000} s`)), patienceMs)
    socket.once('close', () => {
      clearTimeout(patience)
      resolve(performance.now())
    })
  })
  const answer = await fetch(`${url}/api/logout`, { method: 'POST', headers })
  if (!answer.ok) throw new Error(`POST /api/logout: ${answer.status} ${await answer.text()}`)
  const answeredAt = performance.now()
  return Math.max(0, (await closed) - answeredAt)
}

const replicas = await startReplicas()
try {
  const algorithms = await loadAlgorithms()
  const pods = ['message-1', 'message-2'].map(name => replicas.service(name).url)
  const makePeople = async (name: string) => {
    const made: BenchPerson[] = []
    for (let index = 0; index < people; index += 1) {
      made.push(await makePerson(replicas.url, algorithms, `${name}-${index}`))
    }
    return made
  }
  const measure = (all: readonly BenchPerson[]) =>
    Promise.all(all.map((one, index) => lifeAfterLogout(replicas.url, pods[index % pods.length] as string, one)))
  const row = (name: string, lives: readonly number[]) =>
    console.log(`| ${name} | ${[50, 99, 100].map(at => percentile(lives, at).toFixed(0)).join(' | ')} |`)

  say(`${people} people are made, twice`)
  const [first, second] = [await makePeople('first'), await makePeople('second')]
  console.log(`${people} sockets on two pods, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`)
  console.log('| Sockets after a logout | p50, ms | p99, ms | most, ms |\n|---|---:|---:|---:|')
  row('with Redis', await measure(first))
  process.kill(replicas.service('redis').pid, 'SIGSTOP')
  try {
    row('while Redis stands still', await measure(second))
  } finally {
    process.kill(replicas.service('redis').pid, 'SIGCONT')
  }
} finally {
  await replicas.stop()
}
