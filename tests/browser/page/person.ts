// What the page under test is: a person who holds an account in the browser. Bundled; the tests call it through DevTools.
import { indexedDbStore, type LoginOptions, QsmClient, QsmClientError, reportAlgorithms } from '@qsm/client'

export interface Received {
  readonly id: string
  readonly from: string
  readonly text: string
  readonly verified: boolean
}

type Outcome = 'done' | { readonly code: string; readonly message: string }

const received: Received[] = []
const faults: string[] = []
let client: QsmClient | null = null

// Each test has a store of its own, which the address names.
const store = () => indexedDbStore(location.search.slice(1))
const current = (): QsmClient => {
  if (!client) throw new Error('nobody is logged in on this page')
  return client
}
const keep = (opened: QsmClient): void => {
  client = opened
  opened.on('error', error => faults.push(error.message))
}
const outcomeOf = async (work: () => Promise<unknown>): Promise<Outcome> => {
  try {
    await work()
    return 'done'
  } catch (error) {
    if (!(error instanceof QsmClientError)) throw error
    return { code: error.code, message: error.message }
  }
}

const person = {
  received,
  faults,
  algorithms: async () => {
    const { library, fallbackReason } = await reportAlgorithms()
    return { library, fallbackReason }
  },
  register: (options: Pick<LoginOptions, 'url' | 'username' | 'password'>): Promise<Outcome> =>
    outcomeOf(async () =>
      keep(await QsmClient.register({ ...options, email: 'page@example.org', store: store(), prekeys: 3 })),
    ),
  resume: (): Promise<Outcome> => outcomeOf(async () => keep(await QsmClient.resume({ store: store(), prekeys: 3 }))),
  whoami: async (): Promise<string> => (await current().whoami()).username,
  connect: (username: string): Promise<Outcome> => outcomeOf(() => current().connect(username)),
  start: (username: string): Promise<Outcome> => outcomeOf(() => current().start(username)),
  send: (username: string, text: string): Promise<Outcome> => outcomeOf(() => current().send(username, text)),
  safetyNumber: (username: string): Promise<string> => current().safetyNumber(username),
  quarantined: async (): Promise<number> => (await current().quarantined()).length,
  /** How many messages the store holds with which this page is not done. */
  unfinished: async (): Promise<number> => (await store().exclusive(transaction => transaction.keys('inbox/'))).length,
  /** Takes messages for as long as the page is there; those that another tab takes do not come here. */
  listen(): void {
    current().on('message', ({ id, from, text, verified }) => void received.push({ id, from, text, verified }))
  },
  /** What waits at the server, taken once. */
  receive: (): Promise<Outcome> =>
    outcomeOf(async () => {
      for await (const { id, from, text, verified } of current().receive()) received.push({ id, from, text, verified })
    }),
}

export type Person = typeof person

Object.assign(globalThis, { person })
