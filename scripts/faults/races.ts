import { setTimeout as sleep } from 'node:timers/promises'
import { encodeBase64 } from '@qsm/contract'
import { type Algorithms, encrypt, envelopeTypes, kinds, makeDeviceRecord, type Session } from '@qsm/protocol'
import { idToBytes, newId } from '@qsm/server-kit'
import type { Replicas } from '../../tests/support/replicas.js'
import { newName } from '../../tests/support/sdk.js'
import { type BenchPerson, connect, loadAlgorithms, makePerson } from '../bench/people.js'

/** Something that two pods are asked at the same instant. */
export interface Race {
  readonly name: string
  /** In the long form. */
  readonly times: number
  /** Resolves with what broke a promise. */
  run(replicas: Replicas, times: number): Promise<readonly string[]>
}

interface Answer {
  readonly status: number
  readonly text: string
}

const podsOf = (replicas: Replicas) => ['message-1', 'message-2'].map(name => replicas.service(name).url)

const ask = async (url: string, token: string, body?: string): Promise<Answer> => {
  const headers = { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) }
  const response = await fetch(url, body ? { method: 'POST', headers, body } : { headers })
  return { status: response.status, text: await response.text() }
}
const post = (pod: string | undefined, { token }: BenchPerson, body: string) =>
  ask(`${pod}/api/message/send`, token, body)

/** Two people who are connected; seals what the first sends to the second, as bodies of a send. */
class Pair {
  readonly #algorithms: Algorithms
  readonly from: BenchPerson
  readonly to: BenchPerson
  #session: Session

  private constructor(algorithms: Algorithms, from: BenchPerson, to: BenchPerson, session: Session) {
    this.#algorithms = algorithms
    this.from = from
    this.to = to
    this.#session = session
  }

  static async make(url: string, to?: BenchPerson): Promise<Pair> {
    const algorithms = await loadAlgorithms()
    const receiver = to ?? (await makePerson(url, algorithms, newName('reader')))
    const sender = await makePerson(url, algorithms, newName('racer'))
    return new Pair(algorithms, sender, receiver, await connect(url, algorithms, receiver, sender))
  }

  async seal(messageId: string, text: string): Promise<string> {
    const peer = await makeDeviceRecord(this.#algorithms, this.to.local, { createdAt: Date.now(), expiresAt: 0 })
    const content = { kind: kinds.text, content: new TextEncoder().encode(text) }
    const outgoing = { type: envelopeTypes.message, msgId: idToBytes(messageId), content }
    const sealed = await encrypt(this.#algorithms, this.from.local, peer, this.#session, outgoing)
    this.#session = sealed.session
    return JSON.stringify({ client_message_id: messageId, envelopes: [encodeBase64(sealed.envelope)] })
  }
}

const stored = async (replicas: Replicas, person: BenchPerson) => {
  const statement =
    'SELECT count(*)::int AS entries, max(sequence)::int AS highest FROM message.entry WHERE user_id = $1'
  const [row] = await replicas.sql<{ entries: number; highest: number }>(statement, [person.userId])
  return row ?? { entries: 0, highest: 0 }
}

const sameSend: Race = {
  name: 'the same send on both pods at once',
  times: 10_000,
  async run(replicas, times) {
    const broken: string[] = []
    const pair = await Pair.make(replicas.url)
    const [one, two] = podsOf(replicas)
    for (let time = 0; time < times; time += 1) {
      const body = await pair.seal(newId(), `${time}`)
      const [left, right] = await Promise.all([post(one, pair.from, body), post(two, pair.from, body)])
      if (left.status !== 201 || left.text !== right.text)
        broken.push(`${left.text} on one, ${right.text} on the other`)
    }
    const { entries, highest } = await stored(replicas, pair.to)
    if (entries !== times || highest !== times) broken.push(`${entries} entries up to ${highest} of ${times} messages`)
    return broken
  },
}

const sameId: Race = {
  name: 'one id with two bodies on both pods at once',
  times: 2_000,
  async run(replicas, times) {
    const broken: string[] = []
    const pair = await Pair.make(replicas.url)
    const [one, two] = podsOf(replicas)
    for (let time = 0; time < times; time += 1) {
      const id = newId()
      const bodies = [await pair.seal(id, 'the one'), await pair.seal(id, 'the other')] as const
      const answers = await Promise.all([post(one, pair.from, bodies[0]), post(two, pair.from, bodies[1])])
      const refused = answers.find(({ status }) => status !== 201)
      const isRight = answers.some(({ status }) => status === 201) && refused?.text.includes('idempotency_conflict')
      if (!isRight) broken.push(answers.map(({ status, text }) => `${status} ${text}`).join(' and '))
    }
    const { entries } = await stored(replicas, pair.to)
    if (entries !== times) broken.push(`${entries} entries of ${times} ids`)
    return broken
  },
}

/** Commits take up to 40 ms here, so that a later one can be done before an earlier one. */
const slowCommits = `
  CREATE FUNCTION pg_temp_slow() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(random() * 0.04); RETURN NULL; END';
  CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON message.entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION pg_temp_slow()`
const fastCommits = 'DROP TRIGGER slow ON message.entry; DROP FUNCTION pg_temp_slow()'
const senders = 8
const pollEveryMs = 5

/** Reads one mailbox from one pod by its cursor until `isOver` and nothing more comes. */
const follow = async (pod: string, reader: BenchPerson, isOver: () => boolean): Promise<readonly number[]> => {
  const seen: number[] = []
  let after = 0
  for (;;) {
    const last = isOver()
    const { status, text } = await ask(`${pod}/api/messages?after=${after}`, reader.token)
    if (status !== 200) throw new Error(`a reader got ${status} ${text}`)
    const page = JSON.parse(text) as { readonly messages: { readonly sequence: number }[]; readonly next: number }
    seen.push(...page.messages.map(({ sequence }) => sequence))
    after = page.next
    if (last && page.messages.length === 0) return seen
    await sleep(pollEveryMs)
  }
}

const lateCommits: Race = {
  name: 'commits that end out of turn, readers every 5 ms',
  times: 2_000,
  async run(replicas, times) {
    const pairs = [await Pair.make(replicas.url)]
    while (pairs.length < senders) pairs.push(await Pair.make(replicas.url, pairs[0]?.to))
    const pods = podsOf(replicas)
    const reader = (pairs[0] as Pair).to
    const broken: string[] = []
    let isOver = false
    await replicas.sql(slowCommits)
    try {
      const reading = Promise.all(pods.map(pod => follow(pod, reader, () => isOver)))
      await Promise.all(
        pairs.map(async (pair, index) => {
          for (let time = index; time < times; time += senders) {
            const { status, text } = await post(
              pods[time % pods.length],
              pair.from,
              await pair.seal(newId(), `${time}`),
            )
            if (status !== 201) broken.push(`${status} ${text}`)
          }
        }),
      )
      isOver = true
      for (const [at, seen] of (await reading).entries()) {
        const wrong = seen.findIndex((sequence, index) => sequence !== index + 1)
        if (wrong >= 0) broken.push(`reader ${at} saw ${seen[wrong]} where ${wrong + 1} was due`)
        if (seen.length !== times) broken.push(`reader ${at} saw ${seen.length} of ${times}`)
      }
    } finally {
      await replicas.sql(fastCommits)
    }
    return broken
  },
}

export const races: readonly Race[] = [sameSend, sameId, lateCommits]
