import assert from 'node:assert/strict'
import { type Algorithms, decodeBundle, ProtocolError, parseEnvelope, unpackContent } from '../../src/index.js'
import { policies } from './exchange.js'
import { type Fixture, fromBase64, type Opening, personOf, type Step, toBase64 } from './fixture.js'
import type { Person } from './person.js'

const receive = async (to: Person, from: Person, bytes: Uint8Array, body: string | null): Promise<Opening | null> => {
  const { content } = await to.take(from, bytes)
  const envelope = parseEnvelope(bytes)
  const held = body === null ? null : fromBase64(body)
  const unpacked = await unpackContent(to.algorithms, to.local, envelope, content, held)
  if (!unpacked) return null
  const { kind, content: inner } = unpacked.content
  return { kind, content: toBase64(inner), toUser: unpacked.toUser && toBase64(unpacked.toUser) }
}

const play = async (step: Step, from: Person, to: Person): Promise<void> => {
  if ('bundle' in step) return from.start(to, decodeBundle(fromBase64(step.bundle)))
  if ('response' in step) return to.complete(from, fromBase64(step.response))
  const take = async () => {
    if ('envelope' in step) return receive(to, from, fromBase64(step.envelope), 'opens' in step ? step.body : null)
    await from.complete(to, await to.answer(from, fromBase64(step.request)))
    return null
  }
  if (!('refused' in step)) {
    const opened = await take()
    if ('opens' in step) assert.deepEqual(opened, step.opens)
    return
  }
  const before = to.snapshot()
  const reason = await take().then(
    () => 'it was taken',
    error => (error instanceof ProtocolError ? error.reason : Promise.reject(error)),
  )
  assert.equal(reason, step.refused)
  assert.deepEqual(to.store, before)
}

/** A fresh message each way, twice, with a KEM step at every turn. */
const talkOn = async (one: Person, other: Person): Promise<void> => {
  for (const round of ['first', 'second']) {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const text = `${round} after reading`
      assert.equal(await to.receive(from, await from.send(to, text, policies['every turn'])), text)
    }
  }
}

/**
 * Goes on from a fixture as its people would have: takes what was under way, then talks. Throws where anything comes out
 * otherwise than it is written there. Gives how many envelopes and handshake records were taken or rightly refused.
 */
export const replayFixture = async (algorithms: Algorithms, fixture: Fixture): Promise<number> => {
  const people = new Map(
    Object.entries(fixture.people).map(([name, stored]) => [name, personOf(algorithms, stored)] as const),
  )
  const named = (name: string): Person => people.get(name) ?? assert.fail(`nobody is called ${name}`)
  for (const [index, step] of fixture.steps.entries()) {
    try {
      await play(step, named(step.from), named(step.to))
    } catch (cause) {
      throw new Error(`step ${index}, ${step.from} to ${step.to}: ${(cause as Error).message}`, { cause })
    }
  }
  for (const [one, other] of fixture.talk) await talkOn(named(one), named(other))
  return fixture.steps.length
}
