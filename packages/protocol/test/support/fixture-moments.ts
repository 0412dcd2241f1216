import { abandonSession, encodeOwnCopy, encodePeer, kinds, sealBodyApart } from '../../src/index.js'
import { policies } from './exchange.js'
import type { Fixture, Step } from './fixture.js'
import { Scene, text } from './fixture-scene.js'
import { Person } from './person.js'

const every = policies['every turn']
const { never } = policies
const usual = policies['every 20 envelopes']
const aliceFirst = ['alice', 'bob'] as const
const bobFirst = ['bob', 'alice'] as const

type Make = (scene: Scene) => Promise<Fixture>

/** Mode A, from the first state on. */
const byPrekey: Record<string, Make> = {
  'bundle-at-the-server': async scene => {
    const [alice, bob] = await scene.pair()
    scene.arrive(await scene.bundled(alice, bob))
    return scene.fixture('Alice knows nothing of Bob; the server holds a bundle of his.', aliceFirst)
  },
  'begun-by-prekey': async scene => {
    const [alice, bob] = await scene.pair()
    await alice.start(bob, await bob.bundle())
    await bob.bundle(2)
    return scene.fixture(
      'A session begun by a one-time prekey, nothing sent; Bob holds both kinds of prekey.',
      aliceFirst,
    )
  },
  'first-envelopes-under-way': async scene => {
    const [alice, bob] = await scene.pair()
    await alice.start(bob, await bob.bundle())
    const first = await scene.sends(alice, bob, 'the first')
    const second = await scene.sends(alice, bob, 'the second')
    scene.arrive(second, first)
    scene.refuse(second, 'key_gone')
    return scene.fixture('Two first envelopes with prekey block, which arrive in the wrong order and twice.', bobFirst)
  },
  'first-envelope-opened': async scene => {
    const [alice, bob] = await scene.pair()
    await alice.start(bob, await bob.bundle())
    await scene.said(alice, bob, usual)
    scene.arrive(await scene.sends(alice, bob, 'still with the prekey block'))
    return scene.fixture('Bob has opened the first envelope and has not answered.', bobFirst)
  },
  'by-last-resort-prekey': async scene => {
    const [alice, bob] = await scene.pair()
    const carol = await scene.person('carol', 0xc0, 3_003)
    const bundle = await bob.bundle(2)
    await alice.start(bob, bundle)
    await carol.start(bob, bundle)
    const first = await scene.sends(alice, bob, 'used, and then dropped')
    const known = 'envelope' in first ? Buffer.from(first.envelope, 'base64') : Buffer.alloc(0)
    await bob.receive(alice, new Uint8Array(known))
    const peer = bob.known(alice)
    bob.keep(alice, abandonSession(peer, peer.entries[0]?.session.sid ?? new Uint8Array()))
    scene.refuse(first, 'begun_before')
    scene.arrive(await scene.sends(carol, bob, 'by the same prekey'))
    return scene.fixture('A last-resort prekey that remembers whom it served; the session was dropped.', [
      'carol',
      'bob',
    ])
  },
}

/** Mode B, at each of its steps. */
const byRequest: Record<string, Make> = {
  'request-under-way': async scene => {
    const [alice, bob] = await scene.pair()
    const { step } = await scene.request(alice, bob)
    scene.arrive(step)
    scene.refuse(step, 'answered')
    return scene.fixture('Alice has asked; Bob knows nothing yet, answers once and not again.', bobFirst)
  },
  'response-under-way': async scene => {
    const [alice, bob] = await scene.pair()
    const { bytes, step } = await scene.request(alice, bob)
    scene.arrive(scene.responded(bob, alice, await bob.answer(alice, bytes)))
    scene.refuse(step, 'answered')
    return scene.fixture('Bob has answered; Alice still holds the secrets of her request.', bobFirst)
  },
  'response-taken': async scene => {
    const [alice, bob] = await scene.pair()
    const { bytes } = await scene.request(alice, bob)
    await alice.complete(bob, await bob.answer(alice, bytes))
    scene.arrive(await scene.sends(bob, alice, 'the responder speaks'))
    return scene.fixture('Both hold the session; what Bob said first is under way.', aliceFirst)
  },
}

/** Sessions that have lived. */
const inUse: Record<string, Make> = {
  'in-conversation': async scene => {
    const [alice, bob] = await scene.pair()
    await alice.start(bob, await bob.bundle())
    await scene.said(alice, bob, every)
    const late: Step[] = []
    for (let turn = 0; turn < 6; turn += 1) {
      late.push(await scene.sends(bob, alice, `late, of turn ${turn}`, every))
      await scene.said(bob, alice, every, 2)
      await scene.said(alice, bob, every, 2)
    }
    const [tooOld, ...others] = late
    if (tooOld) scene.refuse(tooOld, 'out_of_turn')
    scene.arrive(...others.toReversed())
    if (others[0]) scene.refuse(others[0], 'key_gone')
    scene.arrive(
      await scene.sends(alice, bob, 'with ek and ct', every),
      await scene.sends(bob, alice, 'crossing', every),
    )
    return scene.fixture(
      'A KEM step at every turn, skipped keys in five receiving chains, both sides under way.',
      aliceFirst,
    )
  },
  'without-kem-steps': async scene => {
    const [alice, bob] = await scene.pair()
    await alice.start(bob, await bob.bundle())
    for (let turn = 0; turn < 3; turn += 1) {
      await scene.said(alice, bob, never)
      await scene.said(bob, alice, never)
    }
    scene.arrive(await scene.sends(alice, bob, 'on', never))
    return scene.fixture('Turns of the P-256 half alone; both hold an unused KEM key of the other.', bobFirst)
  },
  'one-sided': async scene => {
    const [alice, bob] = await scene.pair()
    await alice.start(bob, await bob.bundle())
    await scene.said(alice, bob, usual)
    await scene.said(bob, alice, usual, 100)
    return scene.fixture('Alice has opened a hundred without an answer: a control envelope is advised.', aliceFirst)
  },
  'most-skipped': async scene => {
    const [alice, bob] = await scene.pair()
    await alice.start(bob, await bob.bundle())
    await scene.said(alice, bob, usual)
    // What is lost needs no signature; a thousand real ones would take a minute.
    const { algorithms } = alice
    const mute = { ...algorithms, signer: { ...algorithms.signer, sign: () => new Uint8Array(666) } }
    const careless = Person.of(mute, alice.local, alice.record)
    careless.store = alice.store
    const skip = async (times: number, words: string) => {
      const first = await scene.sends(alice, bob, `first ${words}`)
      for (let count = 2; count < times; count += 1) await careless.send(bob, 'lost')
      const last = await scene.sends(alice, bob, `last ${words}`)
      await scene.said(alice, bob, usual)
      return [last, first]
    }
    const early = await skip(999, 'of the first chain')
    await scene.said(bob, alice, usual)
    scene.arrive(...early, ...(await skip(1_000, 'of the second chain')))
    return scene.fixture('Bob keeps 1 999 skipped keys, 1 000 of them of one chain.', bobFirst)
  },
}

/** Several sessions with one device. */
const several: Record<string, Make> = {
  crossed: async scene => {
    const [alice, bob] = await scene.pair()
    await alice.start(bob, await bob.bundle())
    await bob.start(alice, await alice.bundle())
    const fromAlice = await scene.sends(alice, bob, 'from Alice')
    const fromBob = await bob.send(alice, 'from Bob')
    await alice.receive(bob, fromBob)
    scene.arrive(fromAlice)
    return scene.fixture('Both began at once; Alice has opened what Bob sent, Bob not yet what Alice sent.', bobFirst)
  },
  archived: async scene => {
    const [alice, bob] = await scene.pair()
    const late: Step[] = []
    for (let count = 0; count < 7; count += 1) {
      await alice.start(bob, await bob.bundle())
      await scene.said(alice, bob, usual)
      await scene.said(bob, alice, usual)
      late.push(await scene.sends(alice, bob, `late, on session ${count}`))
      scene.clock.now += 60_000
    }
    const [gone, ...others] = late
    if (gone) scene.refuse(gone, 'unknown_session')
    scene.arrive(...others)
    return scene.fixture('Seven sessions one after the other: five archived, one in use, one dropped.', aliceFirst)
  },
}

/** Other devices and other contents. */
const contents: Record<string, Make> = {
  'own-devices': async scene => {
    const [alice, bob] = await scene.pair()
    const tablet = await scene.person('tablet', 0xa1, 1_009)
    for (const other of [bob, tablet]) {
      await alice.start(other, await other.bundle())
      await scene.said(alice, other, usual)
      await scene.said(other, alice, usual)
    }
    const toUser = bob.local.user
    const msgId = alice.algorithms.randomBytes(16)
    const inner = text('sealed once, for several devices')
    const { body, content } = await sealBodyApart(alice.algorithms, msgId, inner)
    const copy = text('an own copy')
    scene.arrive(
      await scene.carries(alice, bob, content, { msgId, body, opens: { content: inner, toUser: null } }),
      await scene.carries(alice, tablet, encodeOwnCopy(toUser, content), {
        msgId,
        body,
        opens: { content: inner, toUser },
      }),
      await scene.carries(alice, tablet, encodeOwnCopy(toUser, copy), { opens: { content: copy, toUser } }),
      await scene.carries(bob, alice, encodeOwnCopy(toUser, copy), { opens: null }),
    )
    return scene.fixture(
      'A body apart for Bob and for an own device; own copies, one of them from another user.',
      aliceFirst,
      ['tablet', 'alice'],
    )
  },
  'managed-device': async scene => {
    const alice = await scene.person('alice', 0xa1, 1_001)
    const bob = await scene.managed('bob', 0xb0, 2_002)
    await alice.start(bob, await bob.bundle())
    await scene.said(alice, bob, usual)
    scene.arrive(await scene.sends(bob, alice, 'with the managed flag'))
    return scene.fixture('Bob is a managed device with two suites in its list and a record that expires.', aliceFirst)
  },
  controls: async scene => {
    const [alice, bob] = await scene.pair()
    await alice.start(bob, await bob.bundle())
    await scene.said(alice, bob, usual)
    await scene.said(bob, alice, usual)
    scene.arrive(
      await scene.carries(alice, bob, {
        kind: kinds.controlJson,
        content: new TextEncoder().encode('{"type":"read"}'),
      }),
      await scene.carries(alice, bob, { kind: kinds.empty, content: new Uint8Array() }),
      await scene.carries(alice, bob, { kind: kinds.attachment, content: new Uint8Array(300).fill(7) }),
      await scene.carries(alice, bob, { kind: kinds.text, content: new Uint8Array() }),
      await scene.carries(alice, bob, text('Grüße, 世界 🔐')),
    )
    return scene.fixture('Control envelopes and every other kind of content.', bobFirst)
  },
}

const moments: Record<string, Make> = { ...byPrekey, ...byRequest, ...inUse, ...several, ...contents }

/** The fixtures of the stored form as this version of the code writes it, by name. */
export const makeFixtures = async (): Promise<ReadonlyMap<string, Fixture>> => {
  const made = new Map<string, Fixture>()
  for (const [name, make] of Object.entries(moments)) {
    // A copy: the stores go on living in the scene.
    made.set(name, structuredClone(await make(new Scene(name))))
  }
  return made
}

/** A stored peer in the form of this version: its first byte is the version that fixtures are filed under. */
export const storedVersion = async (): Promise<number> => {
  const scene = new Scene('version')
  const [alice, bob] = await scene.pair()
  await alice.start(bob, await bob.bundle())
  return encodePeer(alice.known(bob))[0] as number
}
