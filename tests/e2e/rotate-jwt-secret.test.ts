import { randomBytes } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { freePort } from '../support/free-port.js'
import { launchPod, type PodProcess, type PodService } from '../support/pod-process.js'

interface Secrets {
  readonly JWT_SECRET: string
  readonly JWT_SECRET_PREVIOUS?: string
}
interface Place {
  readonly service: PodService
  readonly pod: PodProcess
  /** Requests under way. */
  open: number
}

const draw = () => randomBytes(48).toString('base64')
const password = 'correct horse battery staple'
let database: TestDatabase
let authAddress: { readonly url: string; close(): void }
const places: Place[] = []
const of = (service: PodService) => places.filter(place => place.service === service)
const anyOf = (service: PodService): Place => {
  const some = of(service)
  return some[Math.floor(Math.random() * some.length)] as Place
}
/** Of pods that are gone, for a look at what they logged. */
let logged = ''

const launch = async (service: PodService, secrets: Secrets): Promise<PodProcess> => {
  const pod = await launchPod(service, {
    environment: {
      QSM_ENV: 'production',
      DATABASE_URL: database.url,
      AUTH_URL: authAddress.url,
      QUANTUM_API_URL: 'http://127.0.0.1:1',
      ...secrets,
    },
  })
  await pod.says('"msg":"ready"')
  return pod
}

/** One address for all auth pods, as a Service of a cluster: each connection goes to one that serves now. */
const startAuthAddress = async () => {
  const port = await freePort()
  const server = createServer(client => {
    const pod = connect(Number(new URL(anyOf('auth').pod.url).port), '127.0.0.1')
    for (const [from, to] of [[client, pod] as const, [pod, client] as const]) {
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() }
}

/** Replaces one pod: a new one serves before the old one gets its signal. */
const replace = async (place: Place, secrets: Secrets): Promise<void> => {
  const next = await launch(place.service, secrets)
  places[places.indexOf(place)] = { service: place.service, pod: next, open: 0 }
  await vi.waitFor(() => expect(place.open).toBe(0), 10_000)
  expect(await place.pod.stop()).toBe(0)
  logged += place.pod.output()
}

/** All pods, one after the other. */
const roll = async (secrets: Secrets): Promise<void> => {
  for (const place of [...places]) await replace(place, secrets)
}

type Answer = { readonly access_token: string; readonly refresh_token: string }
const ask = async (service: PodService, path: string, init: { token?: string; body?: object } = {}) => {
  const place = anyOf(service)
  place.open += 1
  try {
    const response = await fetch(place.pod.url + path, {
      method: init.body ? 'POST' : 'GET',
      headers: {
        ...(init.body ? { 'Content-Type': 'application/json' } : {}),
        ...(init.token ? { Authorization: `Bearer ${init.token}` } : {}),
      },
      ...(init.body ? { body: JSON.stringify(init.body) } : {}),
    })
    return { status: response.status, body: (await response.json()) as Answer }
  } finally {
    place.open -= 1
  }
}

/** People who renew their tokens at any pod and use them at any pod, until they are told to stop. */
const startLoad = (people: readonly string[]) => {
  const counts = { asked: 0, renewed: 0, failed: [] as string[] }
  let stopped = false
  const note = (what: string, status: number) => {
    counts.asked += 1
    if (status !== 200) counts.failed.push(`${what} ${status}`)
  }
  const live = async (username: string) => {
    const { status, body } = await ask('auth', '/api/login', { body: { username, password } })
    note('login', status)
    let tokens = body
    while (!stopped) {
      const renewed = await ask('auth', '/api/token/refresh', { body: { refresh_token: tokens.refresh_token } })
      note('refresh', renewed.status)
      if (renewed.status !== 200) return
      tokens = renewed.body
      counts.renewed += 1
      // A refresh a second is what one session may.
      for (let round = 0; round < 8 && !stopped; round += 1) {
        note('me', (await ask('auth', '/api/me', { token: tokens.access_token })).status)
        note('users', (await ask('message', '/api/users/available', { token: tokens.access_token })).status)
        await new Promise(resolve => setTimeout(resolve, 140))
      }
    }
  }
  const done = Promise.all(people.map(live))
  return {
    counts,
    async stop() {
      stopped = true
      await done
      return counts
    },
  }
}

const first = draw()
const people = ['rota-alice', 'rota-bob', 'rota-carol']
beforeAll(async () => {
  database = await createTestDatabase()
  authAddress = await startAuthAddress()
  for (const service of ['auth', 'auth', 'message'] as const) {
    places.push({ service, pod: await launch(service, { JWT_SECRET: first }), open: 0 })
  }
  for (const username of people) {
    const body = { username, email: `${username}@example.org`, password }
    expect((await ask('auth', '/api/register', { body })).status).toBe(201)
  }
})
afterAll(async () => {
  await Promise.all(places.map(({ pod }) => pod.stop()))
  authAddress.close()
  await database.drop()
})

vi.setConfig({ testTimeout: 240_000 })

it('the secret of tokens changes in two rollouts without a failed request: accepted first, then used', async () => {
  const next = draw()
  const load = startLoad(people)
  await roll({ JWT_SECRET: first, JWT_SECRET_PREVIOUS: next })
  await roll({ JWT_SECRET: next, JWT_SECRET_PREVIOUS: first })
  const { asked, renewed, failed } = await load.stop()
  expect(failed).toEqual([])
  expect(asked).toBeGreaterThan(100)
  expect(renewed).toBeGreaterThan(people.length)
  // Nor did a service refuse another one.
  expect(logged + places.map(({ pod }) => pod.output()).join('')).not.toContain('answers 401')

  // In one rollout the pods that are still to come refuse what the new one signs.
  const hasty = startLoad(people)
  const [one] = of('auth')
  await replace(one as Place, { JWT_SECRET: draw(), JWT_SECRET_PREVIOUS: next })
  await vi.waitFor(() => expect(hasty.counts.failed).toContain('me 401'), 20_000)
  await hasty.stop()
})
