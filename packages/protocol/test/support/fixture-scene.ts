import {
  type Algorithms,
  type Content,
  encodeBundle,
  envelopeTypes,
  kinds,
  type LocalDevice,
  makeDeviceRecord,
  type Outgoing,
  type ProtocolReason,
  type RatchetPolicy,
} from '../../src/index.js'
import { type Fixture, type Step, storedPerson, toBase64 } from './fixture.js'
import { type Clock, nobleAlgorithms } from './noble-algorithms.js'
import { Person, textMessage } from './person.js'

const encoder = new TextEncoder()

/** People, a clock, and what is under way between them: the making of one fixture. */
export class Scene {
  readonly clock: Clock = { now: 1_800_000_000_000 }
  readonly #name: string
  readonly #people = new Map<string, Person>()
  readonly #steps: Step[] = []

  constructor(name: string) {
    this.#name = name
  }

  #algorithms(name: string): Algorithms {
    return nobleAlgorithms(`QSM/1 fixtures/${this.#name}/${name}`, this.clock)
  }

  async person(name: string, user: number, device: number): Promise<Person> {
    const person = await Person.create(this.#algorithms(name), user, device)
    this.#people.set(name, person)
    return person
  }

  /** Alice and Bob, strangers yet. */
  async pair(): Promise<readonly [Person, Person]> {
    return [await this.person('alice', 0xa1, 1_001), await this.person('bob', 0xb0, 2_002)]
  }

  /** A device that a server plays, with a record that expires and names a suite that is not spoken yet. */
  async managed(name: string, user: number, device: number): Promise<Person> {
    const algorithms = this.#algorithms(name)
    const local: LocalDevice = {
      user: new Uint8Array(16).fill(user),
      device,
      suite: 1,
      suites: [1, 2],
      managed: true,
      falcon: await algorithms.signer.generateKeyPair(),
      ecdsa: await algorithms.classical.generateP256(),
    }
    const { now } = this.clock
    const record = await makeDeviceRecord(algorithms, local, { createdAt: now, expiresAt: now + 86_400_000 })
    const person = Person.of(algorithms, local, record)
    this.#people.set(name, person)
    return person
  }

  #nameOf(person: Person): string {
    for (const [name, known] of this.#people) if (known === person) return name
    throw new Error('this person is not of the scene')
  }

  #between(from: Person, to: Person) {
    return { from: this.#nameOf(from), to: this.#nameOf(to) }
  }

  /** Envelopes that arrived before the moment: sent and opened at once. */
  async said(from: Person, to: Person, policy: RatchetPolicy, times = 1): Promise<void> {
    for (let count = 0; count < times; count += 1) await to.receive(from, await from.send(to, 'said before', policy))
  }

  /** Seals a text that is still under way. */
  async sends(from: Person, to: Person, text: string, policy?: RatchetPolicy): Promise<Step> {
    const message = textMessage(text, from.algorithms.randomBytes(16))
    return this.#sealed(from, to, message, policy)
  }

  async #sealed(from: Person, to: Person, message: Outgoing, policy?: RatchetPolicy): Promise<Step> {
    const envelope = toBase64(await from.seal(to, message, policy))
    const { kind, content } = message.content
    const opens = { kind, content: toBase64(content), toUser: null }
    return { ...this.#between(from, to), envelope, body: null, opens }
  }

  /** Seals any content that is under way; what it opens to is itself unless another is named. */
  async carries(
    from: Person,
    to: Person,
    content: Content,
    more: {
      readonly msgId?: Uint8Array
      readonly body?: Uint8Array
      readonly opens?: { readonly content: Content; readonly toUser: Uint8Array | null } | null
    } = {},
  ): Promise<Step> {
    const isControl = content.kind === kinds.empty || content.kind === kinds.controlJson
    const type = isControl ? envelopeTypes.control : envelopeTypes.message
    const msgId = more.msgId ?? from.algorithms.randomBytes(16)
    const step = await this.#sealed(from, to, { type, msgId, content })
    const { opens } = more
    return {
      ...step,
      body: more.body ? toBase64(more.body) : null,
      ...(opens === undefined
        ? {}
        : {
            opens: opens && {
              kind: opens.content.kind,
              content: toBase64(opens.content.content),
              toUser: opens.toUser && toBase64(opens.toUser),
            },
          }),
    } as Step
  }

  /** Puts steps at the end of the order in which they arrive. */
  arrive(...steps: readonly Step[]): void {
    this.#steps.push(...steps)
  }

  /** A step that arrives once more, or too late, and must be refused. */
  refuse(step: Step, refused: ProtocolReason): void {
    const { from, to } = step
    if ('envelope' in step) this.#steps.push({ from, to, envelope: step.envelope, refused })
    if ('request' in step) this.#steps.push({ from, to, request: step.request, refused })
  }

  /** A bundle of `to` as a server holds it, by which `from` begins a session. */
  async bundled(from: Person, to: Person): Promise<Step> {
    const { record, prekey } = await to.bundle()
    return { ...this.#between(from, to), bundle: toBase64(encodeBundle(record.bytes, prekey.bytes)) }
  }

  async request(from: Person, to: Person): Promise<{ readonly bytes: Uint8Array; readonly step: Step }> {
    const bytes = await from.request(to)
    return { bytes, step: { ...this.#between(from, to), request: toBase64(bytes) } }
  }

  responded(from: Person, to: Person, response: Uint8Array): Step {
    return { ...this.#between(from, to), response: toBase64(response) }
  }

  /** The moment: what stands in the stores now. To be called before any of it goes on. */
  fixture(about: string, ...talk: readonly (readonly [string, string])[]): Fixture {
    const people = Object.fromEntries([...this.#people].map(([name, person]) => [name, storedPerson(person)]))
    return { about, now: this.clock.now, people, steps: this.#steps, talk }
  }
}

export const text = (words: string): Content => ({ kind: kinds.text, content: encoder.encode(words) })
