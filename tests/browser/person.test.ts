import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  createPeople,
  newName,
  password,
  receiveAll,
  type SdkServer,
  startSdkServer,
  takeMessages,
  welcoming,
} from '../support/sdk.js'
import type { Person } from './page/person.js'
import { type Browser, startBrowser } from './support/chromium.js'
import type { Page } from './support/page.js'
import { type PageServer, startPageServer } from './support/page-server.js'

declare const person: Person

let server: SdkServer
let pages: PageServer
let foreign: PageServer
let browser: Browser
let profile: string
const people = createPeople(() => server.url)

beforeAll(async () => {
  const mayReach = () => [server.url, server.url.replace('http:', 'ws:')]
  pages = await startPageServer('person', mayReach)
  foreign = await startPageServer('person', mayReach)
  server = await startSdkServer({ ALLOWED_ORIGINS: pages.origin })
}, 60_000)
afterAll(async () => {
  await Promise.all([pages.close(), foreign.close()])
  await server.end()
})

const beginWithProfile = async () => {
  profile = mkdtempSync(join(tmpdir(), 'qsm-browser-'))
  browser = await startBrowser(profile)
}
const removeProfile = async () => {
  await browser.close()
  rmSync(profile, { recursive: true, force: true })
}

const tabs = new Set<Page>()
/** A tab whose page keeps what it has in the store of this name. */
const openTab = async (store: string): Promise<Page> => {
  const page = await browser.open(`${pages.origin}/?${store}`)
  tabs.add(page)
  return page
}
const closeTab = async (page: Page): Promise<void> => {
  tabs.delete(page)
  await page.close()
}
const closeTabs = () => Promise.all([...tabs].map(closeTab))

const registered = async (username: string): Promise<Page> => {
  const page = await openTab(username)
  const options = { url: server.url, username, password }
  expect(await page.run(given => person.register(given), options)).toBe('done')
  return page
}
const textsOf = (page: Page): Promise<readonly string[]> => page.run(() => person.received.map(message => message.text))

/** What was shown is kept as done, so that it does not come again. */
const untilDone = (page: Page) => expect.poll(() => page.run(() => person.unfinished())).toBe(0)

/** Alice at a Node client, who has begun with a person in a browser. */
const withAlice = async () => {
  const [aliceName, beaName] = [newName('alice'), newName('bea')]
  const page = await registered(beaName)
  const alice = await people.register(aliceName)
  await alice.start(beaName)
  return { alice, aliceName, beaName, page }
}

describe('a person in a browser', () => {
  beforeAll(beginWithProfile, 60_000)
  afterEach(async () => {
    await people.closeAll()
    await closeTabs()
  })
  afterAll(removeProfile)

  it('connects with one at a Node client and writes both ways, by the WebAssembly that runs in Node as well', async () => {
    const [aliceName, beaName] = [newName('alice'), newName('bea')]
    const page = await registered(beaName)
    const alice = welcoming(await people.register(aliceName))
    expect(await page.run(name => person.connect(name), aliceName)).toBe('done')
    await page.run(() => person.listen())
    await alice.send(beaName, 'hello, browser äöü 🙂')
    await expect.poll(() => textsOf(page)).toEqual(['hello, browser äöü 🙂'])
    expect(await page.run(name => person.send(name, 'hello, Node'), aliceName)).toBe('done')
    expect(await takeMessages(alice, 1)).toMatchObject([{ from: beaName, text: 'hello, Node', verified: true }])
    expect(await page.run(() => person.received)).toMatchObject([{ from: aliceName, verified: true }])
    expect(await page.run(name => person.safetyNumber(name), aliceName)).toBe(await alice.safetyNumber(beaName))
    expect(await page.run(() => person.algorithms())).toEqual({
      library: '@qsm/wasm from liboqs',
      fallbackReason: null,
    })
    expect(await page.run(() => person.faults)).toEqual([])
    expect(page.complaints).toEqual([])
  })

  it('begins by prekeys with one who is away, and is answered', async () => {
    const [aliceName, beaName] = [newName('alice'), newName('bea')]
    const page = await registered(beaName)
    const alice = await people.register(aliceName)
    expect(await page.run(name => person.send(name, 'too early'), aliceName)).toMatchObject({ code: 'no_session' })
    expect(await page.run(name => person.start(name), aliceName)).toBe('done')
    expect(await page.run(name => person.send(name, 'you were away'), aliceName)).toBe('done')
    expect(await receiveAll(alice)).toMatchObject([{ from: beaName, text: 'you were away', verified: true }])
    await alice.send(beaName, 'now I am back')
    expect(await page.run(() => person.receive())).toBe('done')
    expect(await page.run(() => person.received)).toMatchObject([{ text: 'now I am back', verified: true }])
  })

  it('is still there after a reload of the page, gets what came meanwhile, and sees nothing twice', async () => {
    const { alice, beaName, page } = await withAlice()
    await page.run(() => person.listen())
    await alice.send(beaName, 'before')
    await expect.poll(() => textsOf(page)).toEqual(['before'])
    await untilDone(page)
    await page.reload()
    expect(await textsOf(page)).toEqual([])
    await alice.send(beaName, 'meanwhile')
    expect(await page.run(() => person.resume())).toBe('done')
    expect(await page.run(() => person.whoami())).toBe(beaName)
    await page.run(() => person.listen())
    await alice.send(beaName, 'after')
    await expect.poll(() => textsOf(page)).toEqual(['meanwhile', 'after'])
    expect(await page.run(() => person.quarantined())).toBe(0)
    expect(page.complaints).toEqual([])
  })

  it('writes from two tabs at once over one store, and no message is lost or comes twice', async () => {
    const { alice, aliceName, beaName, page } = await withAlice()
    await alice.send(beaName, 'begin')
    expect(await page.run(() => person.receive())).toBe('done')
    const other = await openTab(beaName)
    expect(await other.run(() => person.resume())).toBe('done')
    const sendMany = (tab: Page, mark: string) =>
      tab.run(
        async (name, sign) => {
          const numbers = Array.from({ length: 15 }, (_, index) => index)
          return Promise.all(numbers.map(number => person.send(name, `${sign} ${number}`)))
        },
        aliceName,
        mark,
      )
    const outcomes = await Promise.all([sendMany(page, 'one'), sendMany(other, 'other')])
    expect(outcomes.flat()).toEqual(Array.from({ length: 30 }, () => 'done'))
    const texts = (await receiveAll(alice)).map(message => message.text)
    const of = (mark: string) => texts.filter(text => text.startsWith(`${mark} `))
    const inOrder = (mark: string) => Array.from({ length: 15 }, (_, index) => `${mark} ${index}`)
    expect([of('one'), of('other')]).toEqual([inOrder('one'), inOrder('other')])
    expect(texts).toHaveLength(30)
    expect(await alice.quarantined()).toEqual([])
  })

  it('receives in one tab of several; when that one is closed, another one can', async () => {
    const { alice, beaName, page } = await withAlice()
    await page.run(() => person.listen())
    const other = await openTab(beaName)
    await other.run(() => person.resume())
    await alice.send(beaName, 'to the first tab')
    await expect.poll(() => textsOf(page)).toEqual(['to the first tab'])
    await untilDone(page)
    const refused = { code: 'store_in_use', message: expect.stringContaining('end that one first') }
    expect(await other.run(() => person.receive())).toMatchObject(refused)
    await closeTab(page)
    await expect.poll(() => other.run(() => person.receive())).toBe('done')
    await other.run(() => person.listen())
    await alice.send(beaName, 'to the second tab')
    await expect.poll(() => textsOf(other)).toEqual(['to the second tab'])
    expect(await other.run(() => person.quarantined())).toBe(0)
  })

  it('has its account, its sessions and its queue after kill -9 of the browser', async () => {
    const { alice, aliceName, beaName, page } = await withAlice()
    await page.run(() => person.listen())
    await alice.send(beaName, 'before')
    await expect.poll(() => textsOf(page)).toEqual(['before'])
    await untilDone(page)
    expect(await page.run(name => person.send(name, 'kept'), aliceName)).toBe('done')
    await browser.kill()
    tabs.clear()
    await alice.send(beaName, 'meanwhile')
    browser = await startBrowser(profile)
    const again = await openTab(beaName)
    expect(await again.run(() => person.resume())).toBe('done')
    await again.run(() => person.listen())
    await expect.poll(() => textsOf(again)).toEqual(['meanwhile'])
    expect(await again.run(name => person.send(name, 'and on'), aliceName)).toBe('done')
    expect((await receiveAll(alice)).map(message => message.text)).toEqual(['kept', 'and on'])
    expect(await again.run(() => person.quarantined())).toBe(0)
  })
})

describe('a page of an origin', () => {
  beforeAll(beginWithProfile, 60_000)
  afterAll(removeProfile)

  it('that ALLOWED_ORIGINS does not name gets no answer, and the person a hint where to look', async () => {
    const page = await browser.open(foreign.origin)
    const username = newName('eve')
    const options = { url: server.url, username, password }
    const outcome = await page.run(given => person.register(given), options)
    expect(outcome).toMatchObject({ code: 'unreachable', message: expect.stringContaining('ALLOWED_ORIGINS') })
    expect(page.complaints.join()).toContain('CORS')
    const rows = await server.sql('SELECT 1 FROM auth.account WHERE username = $1', [username])
    expect(rows).toEqual([])
  })

  it('that ALLOWED_ORIGINS does not name opens no socket, that it names does', async () => {
    const opening = (page: Page) =>
      page.run(
        url =>
          new Promise<string>(resolve => {
            const socket = new WebSocket(url, ['qsm.ticket.none'])
            socket.onopen = () => resolve('open')
            socket.onclose = ({ code }) => resolve(String(code))
          }),
        `${server.url.replace('http:', 'ws:')}/ws`,
      )
    const refused = await browser.open(foreign.origin)
    expect(await opening(refused)).toBe('1006')
    expect(refused.complaints.join()).toContain('403')
    const allowed = await browser.open(pages.origin)
    expect(await opening(allowed)).toBe('1006')
    expect(allowed.complaints.join()).toContain('Authentication failed')
  })

  it('reaches nothing but the server, by its own policy', async () => {
    const page = await browser.open(pages.origin)
    const outcome = await page.run(async () => {
      const violated = new Promise<string>(resolve => {
        document.addEventListener('securitypolicyviolation', event => resolve(event.effectiveDirective))
      })
      await fetch('http://127.0.0.1:9/').catch(() => {})
      return violated
    })
    expect(outcome).toBe('connect-src')
    expect(page.complaints.join()).toContain('Content Security Policy')
  })
})
