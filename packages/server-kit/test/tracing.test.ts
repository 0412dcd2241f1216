import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { startTraceCollector } from '../../../tests/support/trace-collector.js'
import { createLog, createTracing } from '../src/index.js'

const startLogged = async (endpoint: string, name?: string) => {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const log = createLog({ service: 'test', level: 'warn', destination })
  const config = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: name }
  return { tracing: await createTracing(config, { service: 'qsm-test', log }), lines }
}

test('a stop exports what is left, under the name that the process was given', async () => {
  const collector = await startTraceCollector()
  const { tracing, lines } = await startLogged(`${collector.url}/`, 'another')
  tracing?.begin('step', null, 'inner').end()
  await tracing?.close()
  expect(collector.spans).toMatchObject([{ name: 'step', service: 'another' }])
  expect(lines).toEqual([])
  await collector.close()
})

test('a collector that refuses is warned of once, and fails nothing', async () => {
  const collector = await startTraceCollector(400)
  const { tracing, lines } = await startLogged(collector.url)
  await tracing?.span('step', null, async span => span.set('count', 1))
  await tracing?.close()
  expect(collector.spans).toMatchObject([{ service: 'qsm-test', attributes: { count: 1 } }])
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 40,
    msg: expect.stringContaining('traces are not taken'),
  })
  await collector.close()
})

test('a span around what rejects hands the error on', async () => {
  const collector = await startTraceCollector()
  const { tracing } = await startLogged(collector.url)
  const failing = tracing?.span('step', null, () => Promise.reject(new Error('broken')))
  await expect(failing).rejects.toThrow('broken')
  await tracing?.close()
  expect(JSON.stringify(collector.spans)).not.toContain('broken')
  expect(collector.spans).toHaveLength(1)
  await collector.close()
})
