import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readVariables, Secret } from '@qsm/server-kit'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTestDatabase } from '../../../tests/support/database.js'
import { freePort } from '../../../tests/support/free-port.js'
import type { CheckedConfig } from '../src/checks/checked-config.js'
import { openDatabaseCheck } from '../src/checks/database.js'
import { checkPublicAddress } from '../src/checks/public-address.js'
import { standaloneVariables } from '../src/config.js'
import { migrateSchemas } from '../src/database.js'

const configOf = (environment: Readonly<Record<string, string>>): CheckedConfig =>
  readVariables(standaloneVariables, { QSM_ENV: 'test', ...environment })

/** As Kubernetes tells its pods. */
const inPod = { KUBERNETES_SERVICE_HOST: '10.96.0.1' }

const servers: Server[] = []
afterEach(() => {
  vi.restoreAllMocks()
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

/** A proxy that answers everything in one way. */
const answering = async (status: number, body: object | string, headers: Record<string, string> = {}) => {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('the check of QSM_PUBLIC_URL', () => {
  it('is not run where nobody says where clients come in', async () => {
    expect(await checkPublicAddress(configOf({}))).toMatchObject([{ state: 'not run' }])
  })

  it('is not run in a cluster where the pod may not go there, and fails elsewhere', async () => {
    const QSM_PUBLIC_URL = `http://127.0.0.1:${await freePort()}`
    const inCluster = await checkPublicAddress({ ...configOf({ QSM_PUBLIC_URL }), ...inPod })
    expect(inCluster).toMatchObject([{ state: 'not run', detail: expect.stringContaining('helm test') }])
    expect(await checkPublicAddress(configOf({ QSM_PUBLIC_URL }))).toMatchObject([
      { state: 'FAIL' },
      { state: 'FAIL' },
      { state: 'not run' },
    ])
  })

  it('goes on in a cluster where the pod gets through', async () => {
    const QSM_PUBLIC_URL = await answering(502, {})
    const found = await checkPublicAddress({ ...configOf({ QSM_PUBLIC_URL }), ...inPod })
    expect(found[0]).toMatchObject({ state: 'FAIL' })
  })

  it.each([
    [
      404,
      { detail: 'page not found' },
      {},
      'not as the message service does',
      'answers 404: let the proxy hand /ws on',
    ],
    [200, '<html>', {}, 'not as the message service does', 'answers 200 instead of 401'],
    [426, {}, {}, 'answers 426', 'a proxy takes the Upgrade header away'],
    [502, {}, {}, 'answers 502', 'the proxy does not reach the message service'],
    [301, {}, { Location: 'https://qsm.example.org/' }, 'leads elsewhere, to https://qsm.example.org/', 'answers 301'],
    [301, {}, { Location: 'https://h/\u009b2J%20' }, 'to https://h/%C2%9B2J%2520', 'answers 301'],
    [503, { service: 'qsm', status: '\u001b[2J' }, {}, 'answers 503, but not as the message', 'does not reach'],
    [503, { service: 'qsm', status: 'unhealthy' }, {}, 'answers 503, unhealthy', 'does not reach the message service'],
  ])('says of a proxy that answers %i what to do', async (status, body, headers, ofHealth, ofSocket) => {
    const base = await answering(status, body, headers)
    const [health, socket, tls] = await checkPublicAddress(configOf({ QSM_PUBLIC_URL: base }))
    expect(health).toMatchObject({ state: 'FAIL', detail: expect.stringContaining(ofHealth) })
    expect(socket).toMatchObject({ state: 'FAIL', detail: expect.stringContaining(ofSocket) })
    expect(tls).toMatchObject({ state: 'not run' })
  })

  it('says of an address where nobody is that DNS or proxy are wrong, and asks for no socket where there is none', async () => {
    const config = configOf({ QSM_PUBLIC_URL: `http://127.0.0.1:${await freePort()}`, ENABLE_WEBSOCKET: 'false' })
    const [health, socket] = await checkPublicAddress(config)
    expect(health).toMatchObject({
      state: 'FAIL',
      detail: expect.stringMatching(/ECONNREFUSED.*correct QSM_PUBLIC_URL/),
    })
    expect(socket).toMatchObject({ state: 'not run' })
  })
})

describe('the check of the database', () => {
  it('names each migration that is missing, and takes what a newer version has run', async () => {
    const database = await createTestDatabase()
    const config = configOf({ DATABASE_URL: database.url })
    const before = await openDatabaseCheck(config, 'auth')
    expect(before.find(({ name }) => name === 'schema auth')).toMatchObject({
      state: 'FAIL',
      detail: expect.stringMatching(/Accounts\d+, TokenFamilies\d+, BeginSession\d+: run qsm-server migrate main/),
    })
    await migrateSchemas(new Secret(database.url), 'main')
    const after = await openDatabaseCheck(config, 'auth')
    expect(after.map(({ name, state }) => [name, state])).toEqual([
      ['database', 'ok'],
      ['schema auth', 'ok'],
      ['clock', 'ok'],
    ])
    await database.drop()
  })

  it.each([
    [-8_000, 'FAIL', 's ahead of the database: let both machines keep time by NTP'],
    [8_000, 'FAIL', 's behind the database: let'],
    [3_000, 'ok', 's behind the database'],
  ])('looks at the clocks: %i ms', async (offsetMs, state, detail) => {
    const database = await createTestDatabase()
    await migrateSchemas(new Secret(database.url), 'main')
    const now = Date.now
    vi.spyOn(Date, 'now').mockImplementation(() => now() - offsetMs)
    const findings = await openDatabaseCheck(configOf({ DATABASE_URL: database.url }), 'auth')
    expect(findings.at(-1)).toMatchObject({ name: 'clock', state, detail: expect.stringContaining(detail) })
    await database.drop()
  })
})
