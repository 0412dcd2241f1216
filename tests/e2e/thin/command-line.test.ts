import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newName, type SdkServer, startSdkServer } from '../../support/sdk.js'
import { openTerminal, type Terminal } from '../../support/terminal.js'
import { type ThinPerson, thinPerson } from '../../support/thin.js'

const folder = mkdtempSync(join(tmpdir(), 'qsm-thin-cli-'))
const bobName = newName('bob')
let server: SdkServer
let alice: ThinPerson
let bob: Terminal

beforeAll(async () => {
  server = await startSdkServer()
  alice = await thinPerson(server.url, 'alice')
  bob = openTerminal(server.url, join(folder, 'bob'))
  await bob.json('register', bobName, '--email', 'bob@example.org')
}, 120_000)
afterAll(async () => {
  await server.end()
  rmSync(folder, { recursive: true, force: true })
})

it('somebody at a terminal sees that the other side has nothing but curl, and talks with it both ways', async () => {
  await alice.post('/api/connection/request', { receiver_username: bobName })
  expect(await bob.json('pending')).toMatchObject([{ from: alice.username, managed: true }])
  expect((await bob.qsm(['pending'])).out).toContain('(managed: keys at the server)')
  expect(await bob.json('accept', alice.username)).toEqual([{ accepted: alice.username, managed: true }])
  await alice.post('/api/message/send', { content: 'from curl', recipient: bobName, message_type: 'critical' })
  expect((await bob.qsm(['receive'])).out).toBe(
    `${alice.username} [critical] [managed: keys at the server]: from curl\n`,
  )
  await alice.post('/api/message/send', { content: 'again', recipient: bobName })
  expect(await bob.json('receive')).toMatchObject([{ text: 'again', managed: true, importance: 'normal' }])
  await bob.json('send', alice.username, 'from a terminal')
  expect(await alice.read()).toMatchObject([
    { content: 'from curl', is_mine: true, is_read: true },
    { content: 'again', is_mine: true },
    { content: 'from a terminal', is_mine: false, verified: true },
  ])
  const number = await bob.qsm(['safety-number', alice.username])
  expect(number.out).toMatch(/^(\d{5} ){11}\d{5}\n$/)
  expect(number.err).toContain('whoever runs the server could read')
  expect(await bob.json('devices', alice.username)).toMatchObject([
    { username: alice.username, managed: true, accepted: true },
  ])
  await alice.post('/api/session/terminate', { peer: bobName })
  const ended = await bob.qsm(['receive'])
  expect(ended.err).toContain(`${alice.username} has ended the session`)
  expect((await bob.qsm(['send', alice.username, 'hello?'])).err).toContain(`qsm request ${alice.username}`)
}, 120_000)
