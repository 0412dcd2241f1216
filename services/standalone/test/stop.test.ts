import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { createTestDatabase } from '../../../tests/support/database.js'
import { readConfig } from '../src/config.js'
import { startStandalone } from '../src/start-standalone.js'

const folder = mkdtempSync(join(tmpdir(), 'qsm-stop-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A request of which all but the last line is sent. */
const beginRequest = async (port: number) => {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n')
  let answer = ''
  socket.on('data', data => {
    answer += String(data)
  })
  const closed = once(socket, 'close')
  const finish = async () => {
    socket.write('\r\n')
    await closed
    return answer
  }
  return { closed, finish }
}

it('a stop gives requests on both ports DRAIN_SECONDS, at the same time', async () => {
  const database = await createTestDatabase()
  const config = readConfig({
    QSM_ENV: 'test',
    LOG_LEVEL: 'silent',
    DATABASE_URL: database.url,
    QSM_DATA_DIR: folder,
    ...{ PORT: '0', QUANTUM_PORT: '0', ADMIN_PORT: '0' },
    DRAIN_SECONDS: '3',
  })
  const server = await startStandalone(config)
  const ports = [server.port, server.quantumPort]
  const [onMain, slow, never] = await Promise.all([...ports, server.quantumPort].map(beginRequest))
  await sleep(100)
  const begun = performance.now()
  const stopped = server.stop()
  await sleep(1_500)
  for (const request of [onMain, slow]) expect(await request?.finish()).toContain('200 OK')
  await never?.closed
  await stopped
  const tookMs = performance.now() - begun
  expect(tookMs).toBeGreaterThan(2_900)
  expect(tookMs).toBeLessThan(4_300)
  await database.drop()
}, 60_000)
