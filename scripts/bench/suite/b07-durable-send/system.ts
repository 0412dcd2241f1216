import type { EmbeddedPostgres } from '../../../../services/standalone/src/embedded-postgres/start.js'
import type { PreparedSend } from '../../people.js'

/** What all contenders of a run share. */
export interface World {
  /** Empty, for this contender alone. */
  readonly folder: string
  readonly postgres: Pick<EmbeddedPostgres, 'url' | 'pid'>
  /** Makes a database on the shared PostgreSQL and gives its address. */
  readonly makeDatabase: (name: string) => Promise<string>
  /** The folder with other systems; undefined where it is not there. */
  readonly peers: string | undefined
  /** How many people send, each to the next, and each one message at a time. */
  readonly callers: number
}

/** A system that messages are sent to. */
export interface System {
  readonly name: string
  /** Processes whose CPU time counts, with their descendants. The shared PostgreSQL is not among them. */
  readonly pids: readonly number[]
  /** Which of a round's messages it takes: an envelope is stored once, so each way into QSM has messages of its own. */
  readonly takes: 'first' | 'second'
  /** It stores each message so often, so that its CPU time can be told in ticks of 10 ms. Once where left out. */
  readonly times?: number
  /** Not counted: what has to be there before the round begins. */
  prepare?(sends: readonly PreparedSend[]): Promise<void>
  /** Sends all of them. Resolves when each one is stored, answered and, where the system delivers, delivered. */
  send(sends: readonly PreparedSend[]): Promise<void>
  /** How many messages are stored in all rounds together. */
  stored(): Promise<number>
}

/** Starts systems; ends their processes through `later`. Gives the reason for those that cannot run here. */
export type StartSystems = (
  world: World,
  later: (stop: () => Promise<void>) => void,
) => Promise<{
  readonly systems: readonly System[]
  readonly notRun: readonly { readonly name: string; readonly why: string }[]
}>
