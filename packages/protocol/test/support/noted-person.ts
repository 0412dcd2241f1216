import type { Algorithms } from '../../src/index.js'
import { type Clock, nobleAlgorithms, nobleKem } from './noble-algorithms.js'
import { Person } from './person.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** One piece of randomness, as it was drawn. */
export interface Draw {
  readonly label: 'p256 private key' | 'ML-KEM d ‖ z' | 'ML-KEM m' | 'random'
  readonly hex: string
}

/** Algorithms that note what they draw, but for what goes into signatures. */
const noting = (seed: string, clock: Clock): { algorithms: Algorithms; draws: Draw[] } => {
  const draws: Draw[] = []
  const base = nobleAlgorithms(seed, clock)
  const seeds = nobleAlgorithms(`${seed}/kem`, clock)
  const note = (label: Draw['label'], bytes: Uint8Array): Uint8Array => {
    draws.push({ label, hex: hex(bytes) })
    return bytes
  }
  const kemWith = (drawn: Uint8Array) => nobleKem(() => drawn)
  const algorithms: Algorithms = {
    ...base,
    kem: {
      ...base.kem,
      generateKeyPair: () => kemWith(note('ML-KEM d ‖ z', seeds.randomBytes(64))).generateKeyPair(),
      encapsulate: publicKey => kemWith(note('ML-KEM m', seeds.randomBytes(32))).encapsulate(publicKey),
    },
    classical: {
      ...base.classical,
      generateP256: async () => {
        const pair = await base.classical.generateP256()
        note('p256 private key', pair.secretKey)
        return pair
      },
    },
    randomBytes: length => note('random', base.randomBytes(length)),
  }
  return { algorithms, draws }
}

/** A person whose draws can be asked for. */
export class NotedPerson {
  readonly person: Person
  readonly #draws: Draw[]

  constructor(person: Person, draws: Draw[]) {
    this.person = person
    this.#draws = draws
  }

  static async create(name: string, user: number, device: number, clock: Clock): Promise<NotedPerson> {
    const { algorithms, draws } = noting(`QSM/1 vectors/${name}`, clock)
    return new NotedPerson(await Person.create(algorithms, user, device), draws)
  }

  /** What was drawn since the last call. */
  drawn(): readonly Draw[] {
    return this.#draws.splice(0)
  }
}
