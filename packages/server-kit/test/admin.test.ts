import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type AdminServer, createMetrics, PortError, startAdminServer } from '../src/index.js'

let admin: AdminServer
afterEach(() => admin.close())

const start = async (checks: Record<string, () => Promise<void>> = {}, metrics = createMetrics()) => {
  admin = await startAdminServer({ host: '127.0.0.1', port: 0, metrics, checks })
  return `http://127.0.0.1:${admin.port}`
}

describe('the admin port', () => {
  it('is alive as long as the process is, also without its dependencies', async () => {
    const url = await start({ database: () => Promise.reject(new Error('away')) })
    admin.drain()
    expect((await fetch(`${url}/livez`)).status).toBe(200)
  })

  it('is ready when every dependency answers, and says which does not', async () => {
    let away = false
    const url = await start({
      database: async () => {
        if (away) throw new Error('away, with a password in it')
      },
      bus: async () => {},
    })
    const ready = await fetch(`${url}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { ready: true, draining: false, database: 'ok', bus: 'ok' },
    ])
    away = true
    const unready = await fetch(`${url}/readyz`)
    expect(unready.status).toBe(503)
    expect(await unready.json()).toEqual({ ready: false, draining: false, database: 'unavailable', bus: 'ok' })
  })

  it('is not ready while a dependency does not answer at all', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      let asked: () => void = () => {}
      const asking = new Promise<void>(resolve => {
        asked = resolve
      })
      const url = await start({
        database: () => {
          asked()
          return new Promise(() => {})
        },
      })
      const answer = fetch(`${url}/readyz`)
      await asking
      await vi.advanceTimersByTimeAsync(2_000)
      expect((await answer).status).toBe(503)
    } finally {
      vi.useRealTimers()
    }
  })

  it('is not ready while it drains', async () => {
    const url = await start()
    admin.drain()
    const answer = await fetch(`${url}/readyz`)
    expect([answer.status, await answer.json()]).toEqual([503, { ready: false, draining: true }])
  })

  it('shows metrics as Prometheus text', async () => {
    const metrics = createMetrics()
    metrics.counter({ name: 'qsm_test_total', help: 'A test.', labelNames: ['kind'] }).inc({ kind: 'a' }, 2)
    metrics.gauge({ name: 'qsm_test_level', help: 'A level.', collect: () => 7 })
    metrics.histogram({ name: 'qsm_test_seconds', help: 'A time.', buckets: [1, 2] }).observe(1.5)
    const answer = await fetch(`${await start({}, metrics)}/metrics`)
    const text = await answer.text()
    expect(answer.headers.get('content-type')).toContain('text/plain')
    for (const line of ['qsm_test_total{kind="a"} 2', 'qsm_test_level 7', 'qsm_test_seconds_bucket{le="2"} 1']) {
      expect(text).toContain(`${line}\n`)
    }
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds')
    expect(text).toContain('process_resident_memory_bytes')
  })

  it('has nothing else, and only reads', async () => {
    const url = await start()
    expect((await fetch(`${url}/`)).status).toBe(404)
    expect((await fetch(`${url}/livez`, { method: 'POST' })).status).toBe(405)
    expect((await fetch(`${url}/livez?x=1`, { method: 'HEAD' })).status).toBe(200)
  })
})

describe('metrics', () => {
  it('of one name are one metric, also when two apps declare it', () => {
    const metrics = createMetrics()
    const declaration = { name: 'qsm_test_total', help: 'A test.' }
    expect(metrics.counter(declaration)).toBe(metrics.counter(declaration))
    const histogram = { name: 'qsm_test_seconds', help: 'A time.', buckets: [1] }
    expect(metrics.histogram(histogram)).toBe(metrics.histogram(histogram))
  })

  it('of two registries are apart', async () => {
    const [first, second] = [createMetrics(), createMetrics()]
    first.counter({ name: 'qsm_test_total', help: 'A test.' }).inc()
    expect((await second.text()).body).not.toContain('qsm_test_total')
  })
})

describe('a port that is taken', () => {
  it('is named with the variable that chooses another', async () => {
    await start()
    const other = createServer()
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const error = await startAdminServer({ host: '127.0.0.1', port, metrics: createMetrics(), checks: {} }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(PortError)
    expect(String(error)).toContain(
      `Port ${port} on 127.0.0.1 is in use. Stop what uses it, or choose another: ADMIN_PORT=`,
    )
    await new Promise(resolve => other.close(resolve))
  })
})
