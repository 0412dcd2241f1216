/** What is made ready outside of k6 and read by a scenario: people who are registered and logged in, and how much to do. */
export interface Prepared {
  readonly shape: Shape
  /** In scenarios in which nobody writes to anybody, each is one person. */
  readonly pairs: readonly Pair[]
}

/** How much a scenario does. Each number has a variable: `LOAD_PAIRS`, `LOAD_PER_SECOND` and so on. */
export interface Shape {
  /** How many pairs of a sender and a receiver; each is a virtual user of k6. */
  readonly pairs: number
  /** Sends or logins a second, of all pairs together. */
  readonly perSecond: number
  readonly seconds: number
  /** Open sockets of each receiver; of sealed ones each is a device. */
  readonly sockets: number
  /** What limits of time in thresholds are multiplied with, for a machine that does other work meanwhile. */
  readonly slack: number
}

export interface Person {
  readonly username: string
  readonly password: string
  readonly accessToken: string
  /** Empty where the run is shorter than the token lives. */
  readonly refreshToken: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

export interface Pair {
  readonly sender: Person
  /** The login sessions of one receiver, each of another device; thin clients have one. */
  readonly receivers: readonly Person[]
  /** Bodies of sends that were sealed and signed beforehand; empty for thin clients. Each is used once. */
  readonly sends: readonly string[]
}
