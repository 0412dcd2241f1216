import { defaultPolicy, ProtocolError, parseEnvelope, type RatchetPolicy } from '../../src/index.js'
import type { Person } from './person.js'

/** Policies under which every property of the ratchet must hold. */
export const policies: Readonly<Record<'every turn' | 'every 20 envelopes' | 'never', RatchetPolicy>> = {
  'every turn': { ...defaultPolicy, kemAfterEnvelopes: 0 },
  'every 20 envelopes': defaultPolicy,
  never: { ...defaultPolicy, kemAfterEnvelopes: Number.MAX_SAFE_INTEGER, kemAfterMs: Number.MAX_SAFE_INTEGER },
}

interface Letter {
  readonly bytes: Uint8Array
  readonly text: string
  readonly epoch: number
}

/** What a test may look at afterwards. */
export interface Tally {
  sent: number
  opened: number
  lost: number
  repeated: number
  tooOld: number
  kemSteps: number
  /** The newest chain of either side. */
  epochs: number
}

const keptChains = 5

/** One direction: what is under way, and what the receiver should still be able to open. */
class Line {
  readonly #from: Person
  readonly #to: Person
  readonly #policy: RatchetPolicy
  readonly #tally: Tally
  readonly #underWay: Letter[] = []
  readonly #opened = new Set<string>()
  #epochs: readonly number[] = []

  constructor(from: Person, to: Person, policy: RatchetPolicy, tally: Tally) {
    this.#from = from
    this.#to = to
    this.#policy = policy
    this.#tally = tally
  }

  get underWay(): number {
    return this.#underWay.length
  }

  async send(): Promise<void> {
    const text = `${this.#from.local.device}: message ${this.#tally.sent}`
    const bytes = await this.#from.send(this.#to, text, this.#policy)
    const { header, ct } = parseEnvelope(bytes)
    this.#underWay.push({ bytes, text, epoch: header.epoch })
    this.#tally.sent += 1
    this.#tally.epochs = Math.max(this.#tally.epochs, header.epoch)
    if (ct && header.n === 0) this.#tally.kemSteps += 1
  }

  lose(pick: number): void {
    if (this.#underWay.length === 0) return
    const [letter] = this.#underWay.splice(pick % this.#underWay.length, 1)
    if (letter && !this.#opened.has(letter.text)) this.#tally.lost += 1
  }

  /** Delivers any letter under way, out of order; a doubled one stays under way and comes again. */
  async deliver(pick: number, isDoubled: boolean): Promise<void> {
    if (this.#underWay.length === 0) return
    const index = pick % this.#underWay.length
    const letter = this.#underWay[index] as Letter
    if (!isDoubled) this.#underWay.splice(index, 1)
    const isTooOld = this.#epochs.length > 0 && letter.epoch < Math.min(...this.#epochs)
    try {
      const text = await this.#to.receive(this.#from, letter.bytes)
      if (isTooOld || this.#opened.has(letter.text)) throw new Error(`${letter.text} was opened and should not be`)
      if (text !== letter.text) throw new Error(`${letter.text} came out as ${text}`)
    } catch (error) {
      if (!(error instanceof ProtocolError) || (error.reason !== 'key_gone' && error.reason !== 'out_of_turn'))
        throw error
      if (this.#opened.has(letter.text)) this.#tally.repeated += 1
      else if (!isTooOld) throw new Error(`${letter.text} does not open`, { cause: error })
      else if (!isDoubled) this.#tally.tooOld += 1
      return
    }
    this.#opened.add(letter.text)
    this.#tally.opened += 1
    if (!this.#epochs.includes(letter.epoch)) this.#epochs = [...this.#epochs, letter.epoch].slice(-keptChains)
  }
}

/**
 * Plays a conversation by a tape of numbers: each decides who sends, what is delivered, lost or doubled. Both sides send at
 * once, since delivery is apart from sending. At the end all that is left is delivered, newest first.
 */
export const playTape = async (
  alice: Person,
  bob: Person,
  policy: RatchetPolicy,
  tape: readonly number[],
  messages: number,
): Promise<Tally> => {
  const tally: Tally = { sent: 0, opened: 0, lost: 0, repeated: 0, tooOld: 0, kemSteps: 0, epochs: 0 }
  const lines = [new Line(alice, bob, policy, tally), new Line(bob, alice, policy, tally)] as const
  const canAnswer = () => bob.peer(alice) !== null
  for (let step = 0; tally.sent < messages; step += 1) {
    const number = tape[step % tape.length] as number
    const line = canAnswer() ? lines[(number + Math.floor(step / tape.length)) % 2 ? 1 : 0] : lines[0]
    const action = Math.floor(number / 2) % 20
    const pick = Math.floor(number / 40)
    if (action < 9) await line.send()
    else if (action < 10) line.lose(pick)
    else await line.deliver(pick, action < 12)
  }
  for (const line of lines) while (line.underWay > 0) await line.deliver(line.underWay - 1, false)
  return tally
}
