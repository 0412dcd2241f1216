import { setTimeout as sleep } from 'node:timers/promises'
import type { Algorithms, Session } from '@qsm/protocol'
import { type BenchPerson, connect, makePerson, prepareSends } from '../../people.js'
import type { RunningQsm } from '../../qsm-server.js'
import { openReceivers, type Receivers } from '../../receivers.js'

const patienceMs = 20_000

/** End-to-end people in a ring, each of whom writes to the next over a socket. */
export interface Texts {
  /** Seals and sends one text of the person whose turn it is; resolves with the server's answer. */
  send(index: number): Promise<void>
  /** Resolves when all that was sent has come, throws after 20 s. */
  allReceived(): Promise<void>
  close(): void
}

export const openTexts = async (qsm: RunningQsm, algorithms: Algorithms, count: number): Promise<Texts> => {
  const people: BenchPerson[] = []
  for (let index = 0; index < count; index += 1) people.push(await makePerson(qsm.url, algorithms, `writer-${index}`))
  const at = (index: number) => people[index % count] as BenchPerson
  const sessions: Session[] = []
  for (let index = 0; index < count; index += 1) {
    sessions.push(await connect(qsm.url, algorithms, at(index + 1), at(index)))
  }
  const receivers: Receivers = await openReceivers(
    qsm.url,
    people.map(({ token }) => token),
  )
  // Each person's sends one after the other, as the ratchet wants it.
  const turns = people.map(() => Promise.resolve())
  let sent = 0
  const sendOne = async (who: number): Promise<void> => {
    const made = await prepareSends(algorithms, at(who), who, at(who + 1), sessions[who] as Session, 1)
    sessions[who] = made.session
    receivers.expect(made.sends)
    for (const send of made.sends) await receivers.send(send)
    sent += 1
  }
  return {
    send(index) {
      const who = index % count
      const turn = (turns[who] as Promise<void>).then(() => sendOne(who))
      turns[who] = turn.catch(() => undefined)
      return turn
    },
    async allReceived() {
      const limit = new AbortController()
      const late = sleep(patienceMs, undefined, { signal: limit.signal }).then(() => {
        throw new Error(`of ${sent} messages not all have come ${patienceMs / 1_000} s after the last`)
      })
      late.catch(() => undefined) // Aborted below.
      await Promise.race([receivers.until(), late]).finally(() => limit.abort())
    },
    close: () => receivers.close(),
  }
}
