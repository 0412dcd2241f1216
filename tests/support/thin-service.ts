import { randomBytes } from 'node:crypto'
import type { ManagedCall, ManagedResult, RunManagedOperations } from '@qsm/contract'
import { createMetrics, createTokens, migrate, type RateLimits, Secret } from '@qsm/server-kit'
import type { Person } from '../../services/message/test/support/person.js'
import { type Shared, startMessage, type TestMessage } from '../../services/message/test/support/start-message.js'
import { createLocalKek } from '../../services/quantum-crypto/src/at-rest/local-kek.js'
import {
  createQuantumApp,
  createQuantumContext,
  type QuantumApp,
  quantumMigrations,
  quantumSchema,
} from '../../services/quantum-crypto/src/index.js'
import { silentLog } from './silent-log.js'

/** Stands between the two services; `run` does what was asked. */
export type Between = (
  calls: readonly ManagedCall[],
  run: () => Promise<readonly ManagedResult[]>,
) => Promise<readonly ManagedResult[]>

/** The message service with the real quantum service beside it, on one database, one feed and one clock. */
export interface ThinService extends TestMessage {
  readonly quantum: QuantumApp
  /** What stands between the two from now on. */
  between: Between
  /** Rows of the quantum service. */
  crypto<Row>(statement: string, values?: readonly unknown[]): Promise<Row[]>
}

const startQuantum = async ({ databaseUrl, feed, bus, clock, rateLimits }: Omit<Shared, 'quantum'>) => {
  await migrate({ url: databaseUrl, schema: quantumSchema, migrations: quantumMigrations })
  const context = await createQuantumContext({
    databaseUrl: new Secret(databaseUrl),
    poolMax: 10,
    tokens: createTokens({ secret: 'a secret for tests only, long enough', lifeMs: 1_800_000, clock }),
    kek: createLocalKek([{ id: 'k1', key: new Uint8Array(randomBytes(32)) }]),
    perMinute: { calls: 60_000, signs: 60_000, keygens: 60_000 },
    retentionDays: 30,
    signingThreads: 1,
    wasmBuild: 'fast',
    version: '0.0.0-test',
    log: silentLog,
    metrics: createMetrics(),
    ...{ feed, bus, clock, rateLimits },
  })
  return { context, app: await createQuantumApp(context) }
}

export const startThinService = async (options: { rateLimits?: RateLimits } = {}): Promise<ThinService> => {
  const started: Awaited<ReturnType<typeof startQuantum>>[] = []
  let between: Between = (_, run) => run()
  const message = await startMessage({
    ...options,
    async quantum(shared) {
      const quantum = await startQuantum(shared)
      started.push(quantum)
      const run: RunManagedOperations = (calls, signal) =>
        between(calls, () => quantum.app.runOperations(calls, signal))
      return { run, deadlineMs: 15_000 }
    },
  })
  const [quantum] = started
  if (!quantum) throw new Error('the quantum service was not started')
  return {
    ...message,
    quantum: quantum.app,
    get between() {
      return between
    },
    set between(next) {
      between = next
    },
    crypto: (statement, values) => quantum.context.database.query(statement, values),
    async close() {
      await quantum.app.close()
      await message.close()
    },
  }
}

/** Connects two thin clients by request and answer; what the one who accepts is told. */
export const connect = async (asks: Person, answers: Person) => {
  const asked = await asks.call('POST', '/api/connection/request', { receiver_username: answers.username })
  const body = { request_id: asked.body.request_id, accept: true }
  const accepted = await answers.call('POST', '/api/connection/respond', body)
  if (accepted.status !== 200) throw new Error(`${accepted.status}: ${JSON.stringify([asked.body, accepted.body])}`)
  return accepted.body
}

/** The messages that a thin client reads, from the start or behind a number. */
export const readAll = async (reader: Pick<Person, 'call'>, after = 0) => {
  const { status, body } = await reader.call('GET', `/api/messages?after=${after}&limit=100`)
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`)
  return body.messages
}
