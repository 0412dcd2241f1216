import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documents, requireUpgrade } from '../src/index.js'
import { startTestApp, type TestApp } from './support.js'

const openApi = { openapi: '3.1.0', info: { title: 'QSM', version: '0.1.0' }, paths: {} }
let app: TestApp
beforeAll(async () => {
  app = await startTestApp([], { extra: [documents(openApi), requireUpgrade] })
})
afterAll(() => app.stop(100))

describe('the documents', () => {
  it('are the OpenAPI document as it was given', async () => {
    const answer = await fetch(`${app.url}/openapi.json`)
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await answer.json()).toEqual(openApi)
  })

  it('are shown by Swagger UI, of which every part comes from here', async () => {
    for (const path of ['/docs', '/docs/']) {
      const answer = await fetch(`${app.url}${path}`)
      const page = await answer.text()
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(answer.headers.get('content-security-policy')).toContain("connect-src 'self'")
      const parts = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target ?? '')
      expect(parts.filter(part => !part.startsWith('data:')).every(part => part.startsWith('/docs/'))).toBe(true)
      for (const part of parts.filter(one => one.startsWith('/'))) {
        const file = await fetch(`${app.url}${part}`)
        expect([part, file.status]).toEqual([part, 200])
        expect((await file.text()).length).toBeGreaterThan(100)
        expect(file.headers.get('x-content-type-options')).toBe('nosniff')
        expect(file.headers.get('content-type')).toMatch(part.endsWith('.css') ? /^text\/css/ : /^text\/javascript/)
      }
    }
    const start = await (await fetch(`${app.url}/docs/start.js`)).text()
    expect(start).toContain('validatorUrl: null')
    expect(start).toContain("url: '/openapi.json'")
  })

  it('are nothing else of the package, whatever path is tried', async () => {
    for (const path of ['/docs/package.json', '/docs/..%2fpackage.json', '/docs/index.html', '/docs/__proto__']) {
      expect([path, (await fetch(`${app.url}${path}`)).status]).toEqual([path, 404])
    }
    expect((await fetch(`${app.url}/docs`, { method: 'POST' })).status).toBe(404)
  })
})

describe('the path of sockets', () => {
  it('without an upgrade is 426', async () => {
    for (const path of ['/ws', '/ws/alice']) {
      const answer = await fetch(`${app.url}${path}`)
      expect([answer.status, answer.headers.get('upgrade')]).toEqual([426, 'websocket'])
      expect((await answer.json()).error.code).toBe('upgrade_required')
    }
    expect((await fetch(`${app.url}/wsx`)).status).toBe(404)
    expect((await fetch(`${app.url}/ws?token=x`)).status).toBe(400)
  })
})
