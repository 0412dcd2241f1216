import {
  encodeOwnCopy,
  fingerprint,
  kinds,
  openFrom,
  type ProtocolError,
  padContent,
  parseEnvelope,
  type RatchetPolicy,
  safetyNumber,
  sealBodyApart,
  sendingEntry,
  signatureBytes,
  stepChain,
  wrapSign,
} from '../../src/index.js'
import { policies } from './exchange.js'
import { NotedPerson } from './noted-person.js'
import { type Person, textMessage } from './person.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const encoder = new TextEncoder()
const clock = { now: 0 }

const identity = async ({ person }: NotedPerson) => ({
  user: hex(person.local.user),
  device: person.local.device,
  falconSecretKey: hex(person.local.falcon.secretKey),
  falconPublicKey: hex(person.local.falcon.publicKey),
  ecdsaSecretKey: hex(person.local.ecdsa.secretKey),
  ecdsaPublicKey: hex(person.local.ecdsa.publicKey),
  fingerprint: hex(await fingerprint(person.algorithms.classical, person.record.identityKey)),
  deviceRecord: hex(person.record.bytes),
})

const beginning = (from: NotedPerson, to: NotedPerson) => {
  const { session } = sendingEntry(from.person.known(to.person).entries) ?? {}
  if (!session) throw new Error('no session was begun')
  return {
    th: hex(session.transcriptHash),
    sid: hex(session.sid),
    rootKey: hex(session.rootKey),
    chainKey: hex(session.sending?.chainKey ?? session.receiving[0]?.chainKey ?? new Uint8Array()),
  }
}

interface Line {
  readonly from: 'alice' | 'bob'
  readonly text: string
  readonly policy: RatchetPolicy
  /** Opened only after the next ones. */
  readonly late?: true
}

/** Plays lines, and notes each envelope whole with what was drawn for it. */
const converse = async (people: Record<'alice' | 'bob', NotedPerson>, lines: readonly Line[]) => {
  const noted = []
  const late: { from: Person; to: Person; bytes: Uint8Array }[] = []
  for (const { from, text, policy, late: isLate } of lines) {
    clock.now += 1_000
    const [sender, receiver] = from === 'alice' ? [people.alice, people.bob] : [people.bob, people.alice]
    sender.drawn()
    const msgId = sender.person.algorithms.randomBytes(16)
    const bytes = await sender.person.seal(receiver.person, textMessage(text, msgId), policy)
    const { header } = parseEnvelope(bytes)
    const place = { epoch: header.epoch, pn: header.pn, n: header.n, ekAck: header.ekAck, flags: header.flags }
    noted.push({
      from,
      text,
      ...(isLate ? { late: true } : {}),
      sentAt: clock.now,
      draws: sender.drawn(),
      ...place,
      envelope: hex(bytes),
    })
    if (isLate) late.push({ from: sender.person, to: receiver.person, bytes })
    else await receiver.person.receive(sender.person, bytes)
  }
  for (const { from, to, bytes } of late) await to.receive(from, bytes)
  return noted
}

const refusals = async ({ alice, bob }: Record<'alice' | 'bob', NotedPerson>) => {
  alice.drawn()
  const genuine = await alice.person.send(bob.person, 'genuine', policies.never)
  const peer = bob.person.known(alice.person)
  const places = {
    version: 0,
    suite: 2,
    type: 3,
    flags: 4,
    sid: 5,
    msgId: 21,
    sentAt: 84,
    seq: 92,
    epoch: 96,
    pn: 100,
    n: 104,
    ekAck: 108,
  }
  const more = {
    dh: 173,
    salt: 174,
    commitment: 190,
    ctLen: 225,
    ciphertext: genuine.length - signatureBytes - 17,
    tag: genuine.length - signatureBytes - 1,
  }
  const cases = []
  for (const [field, offset] of Object.entries({ ...places, ...more })) {
    const changed = genuine.with(offset, (genuine[offset] as number) ^ 0x10)
    const unsigned = changed.subarray(0, -signatureBytes)
    changed.set(await wrapSign(alice.person.algorithms, alice.person.local, 'env', 1, unsigned), unsigned.length)
    let reason = 'taken'
    try {
      await openFrom(bob.person.algorithms, bob.person.local, { peer, prekey: null }, parseEnvelope(changed))
    } catch (error) {
      reason = (error as ProtocolError).reason
    }
    cases.push({
      name: `${field} changed, signed again by the sender`,
      offset,
      value: changed[offset],
      reason,
      signature: hex(changed.slice(-signatureBytes)),
    })
  }
  return { genuine: hex(genuine), cases }
}

const smallParts = async (people: Record<'alice' | 'bob' | 'tablet', NotedPerson>) => {
  const { algorithms } = people.alice.person
  const { classical } = algorithms
  const chainKey = new Uint8Array(32).fill(0x11)
  const { messageKey, next } = await stepChain(classical, chainKey)
  people.alice.drawn()
  const msgId = new Uint8Array(16).fill(0x22)
  const inner = { kind: kinds.text, content: encoder.encode('to all devices') }
  const { body, content } = await sealBodyApart(algorithms, msgId, inner)
  const [key] = people.alice.drawn()
  const own = encodeOwnCopy(people.bob.person.local.user, content)
  const parts = await Promise.all(
    Object.values(people).map(async ({ person }) => ({
      user: person.local.user,
      fp: await fingerprint(classical, person.record.identityKey),
    })),
  )
  const [alice, bob, tablet] = parts as [(typeof parts)[0], (typeof parts)[0], (typeof parts)[0]]
  return {
    chain: { chainKey: hex(chainKey), messageKey: hex(messageKey), next: hex(next) },
    padding: [0, 1, 253, 254, 255, 510].map(length => ({
      kind: kinds.text,
      contentLength: length,
      fill: '61',
      padded: hex(padContent({ kind: kinds.text, content: new Uint8Array(length).fill(0x61) })),
    })),
    bodyApart: {
      msgId: hex(msgId),
      key: key?.hex,
      kind: inner.kind,
      content: hex(inner.content),
      body: hex(body),
      kind4Content: hex(content.content),
    },
    ownCopy: { toUser: hex(people.bob.person.local.user), innerKind: content.kind, kind5Content: hex(own.content) },
    safetyNumber: {
      one: { user: hex(alice.user), fingerprints: [hex(alice.fp), hex(tablet.fp)] },
      other: { user: hex(bob.user), fingerprints: [hex(bob.fp)] },
      digits: await safetyNumber(
        classical,
        { user: alice.user, fingerprints: [alice.fp, tablet.fp] },
        { user: bob.user, fingerprints: [bob.fp] },
      ),
    },
  }
}

const byPrekey = async (people: Record<'alice' | 'bob', NotedPerson>, kind: 1 | 2) => {
  const { alice, bob } = people
  for (const person of [alice, bob]) person.drawn()
  const bundle = await bob.person.bundle(kind)
  const prekeyDraws = bob.drawn()
  await alice.person.start(bob.person, bundle)
  return {
    prekey: {
      id: bundle.prekey.id,
      kind,
      notAfter: bundle.prekey.notAfter,
      draws: prekeyDraws,
      record: hex(bundle.prekey.bytes),
    },
    draws: alice.drawn(),
    keys: beginning(alice, bob),
  }
}

const byRequest = async (people: Record<'alice' | 'bob', NotedPerson>) => {
  const { alice, bob } = people
  for (const person of [alice, bob]) person.drawn()
  const request = await alice.person.request(bob.person)
  const requestDraws = alice.drawn()
  const response = await bob.person.answer(alice.person, request)
  const responseDraws = bob.drawn()
  await alice.person.complete(bob.person, response)
  return { requestDraws, request: hex(request), responseDraws, response: hex(response), keys: beginning(bob, alice) }
}

/** The vectors that the package publishes: the same at every run. */
export const buildVectors = async () => {
  clock.now = 1_900_000_000_000
  const people = {
    alice: await NotedPerson.create('alice', 0xa1, 1_001, clock),
    bob: await NotedPerson.create('bob', 0xb0, 2_002, clock),
  }
  const tablet = await NotedPerson.create('tablet', 0xa1, 1_003, clock)
  const { now } = clock
  const every = policies['every turn']
  const { never } = policies
  const modeA = await byPrekey(people, 1)
  const conversationA = await converse(people, [
    { from: 'alice', text: 'by a one-time prekey', policy: every },
    { from: 'alice', text: 'again with the prekey block', policy: every, late: true },
    { from: 'bob', text: 'a turn with a KEM step', policy: every },
    { from: 'alice', text: 'another one', policy: every },
    { from: 'alice', text: 'skipped, and opened at the end', policy: every, late: true },
    { from: 'alice', text: 'the third of its chain', policy: every },
    { from: 'bob', text: 'a turn without', policy: never },
    { from: 'alice', text: 'Grüße, 世界 🔐', policy: every },
  ])
  const refusedEnvelopes = await refusals(people)
  const modeB = await byRequest(people)
  const conversationB = await converse(people, [
    { from: 'bob', text: 'the responder may speak first', policy: never },
    { from: 'alice', text: 'and the other answers', policy: every },
    { from: 'bob', text: 'on', policy: every },
  ])
  const lastResort = await byPrekey(people, 2)
  const conversationC = await converse(people, [{ from: 'alice', text: 'by a last-resort prekey', policy: never }])
  return {
    about:
      'QSM/1 vectors, made by this package. Bytes are hex. `draws` are what was drawn, in order; signatures were made with other randomness and are given whole. Licence: Apache-2.0.',
    specification: 'docs/protocol.md',
    suite: 1,
    now,
    identities: {
      alice: await identity(people.alice),
      bob: await identity(people.bob),
      tablet: await identity(tablet),
    },
    modeA,
    conversationA,
    refusedEnvelopes,
    modeB,
    conversationB,
    lastResort,
    conversationC,
    ...(await smallParts({ ...people, tablet })),
  }
}

export type OwnVectors = Awaited<ReturnType<typeof buildVectors>>
