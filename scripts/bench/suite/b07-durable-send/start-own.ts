import pg from 'pg'
import { type BenchPerson, connect, loadAlgorithms, makePerson, type PreparedSend, prepareSends } from '../../people.js'
import { stopProgram } from '../../processes.js'
import { startQsm } from '../../qsm-server.js'
import { openReceivers } from '../../receivers.js'
import { postAll, sendEach } from './closed-loop.js'
import type { System, World } from './system.js'

/** So many messages of each person for each of the two ways to send. */
export type SealRound = (perCaller: number) => Promise<Readonly<Record<System['takes'], readonly PreparedSend[]>>>

/** QSM with `callers` people connected in a ring, and what seals their messages. */
export const startOwn = async (
  { makeDatabase, folder, callers }: World,
  later: (stop: () => Promise<void>) => void,
): Promise<{ readonly systems: readonly System[]; readonly seal: SealRound }> => {
  const database = await makeDatabase('qsm')
  const qsm = await startQsm(database, folder)
  later(() => stopProgram(qsm.child))
  const client = new pg.Client({ connectionString: database })
  client.on('error', () => {}) // PostgreSQL was stopped first; a query says so.
  await client.connect()
  later(() => client.end())
  const algorithms = await loadAlgorithms()
  const people: BenchPerson[] = []
  for (let index = 0; index < callers; index += 1) people.push(await makePerson(qsm.url, algorithms, `bench-${index}`))
  const tokens = people.map(person => person.token)
  const at = (index: number) => people[index % callers] as BenchPerson
  const sessions: Awaited<ReturnType<typeof connect>>[] = []
  for (let index = 0; index < callers; index += 1)
    sessions.push(await connect(qsm.url, algorithms, at(index + 1), at(index)))
  const receivers = await openReceivers(qsm.url, tokens)
  later(async () => receivers.close())

  let storedBefore = 0
  const system = (name: string, takes: System['takes'], send: System['send']): System => {
    let stored = 0
    return {
      name,
      pids: [qsm.child.pid ?? 0],
      takes,
      async prepare(sends) {
        receivers.expect(sends)
      },
      async send(sends) {
        await send(sends)
        await receivers.until()
      },
      async stored() {
        const { rows } = await client.query('SELECT count(*)::int AS count FROM message.sent')
        stored += (rows[0]?.count as number) - storedBefore
        storedBefore = rows[0]?.count as number
        return stored
      },
    }
  }
  return {
    systems: [
      system('qsm', 'first', sends => sendEach(sends, receivers.send)),
      system('qsm by REST', 'second', sends => postAll(`${qsm.url}/api/message/send`, tokens, sends)),
    ],
    async seal(perCaller) {
      const first: PreparedSend[] = []
      const second: PreparedSend[] = []
      for (let index = 0; index < callers; index += 1) {
        const begin = sessions[index] as (typeof sessions)[number]
        const { session, sends } = await prepareSends(algorithms, at(index), index, at(index + 1), begin, perCaller * 2)
        sessions[index] = session
        first.push(...sends.slice(0, perCaller))
        second.push(...sends.slice(perCaller))
      }
      return { first, second }
    },
  }
}
