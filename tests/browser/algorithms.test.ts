import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { falconSuite, knownAnswersSuite, sameSignaturesSuite } from '../../wasm/test/support/falcon-suite.js'
import { feed as nodeFeed } from '../../wasm/test/support/fed-randomness.js'
import { mlKemSuite } from '../../wasm/test/support/ml-kem-suite.js'
import type { PageAlgorithms } from './page/algorithms.js'
import { type Browser, startBrowser } from './support/chromium.js'
import type { Page } from './support/page.js'
import { pageProvider } from './support/page-provider.js'
import { type PageServer, startPageServer } from './support/page-server.js'

// After the generator was replaced.
const { loadPostQuantum } = await import('@qsm/wasm')

declare const algorithms: PageAlgorithms

const profile = mkdtempSync(join(tmpdir(), 'qsm-browser-'))
let pages: PageServer
let browser: Browser
let page: Page

beforeAll(async () => {
  pages = await startPageServer('algorithms', () => [])
  browser = await startBrowser(profile)
  page = await browser.open(pages.origin)
}, 60_000)
afterAll(async () => {
  await browser.close()
  await pages.close()
  rmSync(profile, { recursive: true, force: true })
})

const { kem, signer, feed } = pageProvider(() => page)
const stock = await loadPostQuantum({ build: 'stock' })

it('what these vectors run against is our build, in the browser', async () => {
  expect(await page.run(() => algorithms.report())).toEqual({
    library: '@qsm/wasm from liboqs',
    fallbackReason: null,
    selfTestPassed: true,
  })
  expect(await page.run(() => navigator.userAgent)).toContain('Chrome/')
})

describe('ML-KEM-768 of our build in the browser', () => mlKemSuite(kem, feed))

describe('Falcon-512 of our build in the browser', () => {
  falconSuite(signer)

  knownAnswersSuite(signer, feed, 100)

  sameSignaturesSuite({ signer, feed }, { signer: stock.signer, feed: nodeFeed })
})

it('draws that are too few are an error of the page, which says so', async () => {
  feed(new Uint8Array(7))
  await expect(signer.generateKeyPair()).rejects.toThrow('48 random bytes drawn, 7 fed')
})

it('nothing was complained of', () => {
  expect(page.complaints).toEqual([])
})
