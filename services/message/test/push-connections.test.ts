import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { silentLog } from '../../../tests/support/silent-log.js'
import type { MessageContext } from '../src/context.js'
import type { OpenSockets } from '../src/socket/open-sockets.js'
import { pushConnections } from '../src/socket/push-connections.js'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const [bob, alice] = ['01890a5d-ac96-774b-bcce-b302099a8057', '01890a5d-ac96-774b-bcce-b302099a8058']
const hint = { kind: 'connection', user_id: bob, peer_id: alice, request_id: '01890a5d-ac96-774b-bcce-b302099a8059' }

/** One socket of Bob, a request of Alice that waits for him, and a database that fails as often as it is told. */
const start = (busState: 'ok' | 'not_configured') => {
  const sent: string[] = []
  let failures = 0
  let tell = (_hint: object) => {}
  const socket = { bufferedBytes: 0, close() {}, sendText: (text: string) => sent.push(JSON.parse(text).type) }
  const entry = { socket, address: { userId: bob, deviceId: 1 }, openedAt: Date.now() - 1_000 }
  const requestedAt = new Date()
  const database = {
    async query(sql: string) {
      if (sql.includes('UNION ALL')) {
        return [{ request_id: hint.request_id, from_user: alice, to_user: bob, at: requestedAt, is_answered: false }]
      }
      if (failures > 0) {
        failures -= 1
        throw new Error('the database is away')
      }
      const times = { created_at: requestedAt, expires_at: requestedAt }
      return [{ request_id: hint.request_id, from_user: alice, username: 'alice', handshake: null, ...times }]
    },
  }
  const bus = {
    state: busState,
    subscribe: (_kind: string, handler: typeof tell) => {
      tell = handler
      return () => {}
    },
  }
  const parts = { bus, database, clock: { now: () => Date.now() }, log: silentLog } as unknown as MessageContext
  const open = { ofUser: () => [entry], isOnline: () => true } as unknown as OpenSockets
  const stop = pushConnections(parts, open)
  return {
    sent,
    stop,
    tell: () => tell(hint),
    failNext(count: number) {
      failures = count
    },
  }
}

test('a request of which no hint came is told by the next look, once', async () => {
  const { sent, stop } = start('ok')
  await vi.advanceTimersByTimeAsync(35_000)
  expect(sent).toEqual(['connection_request'])
  stop()
})

test('a request that was told by its hint is not told again', async () => {
  const { sent, stop, tell } = start('ok')
  tell()
  await vi.advanceTimersByTimeAsync(35_000)
  expect(sent).toEqual(['connection_request'])
  stop()
})

test('a request that could not be read when its hint came is told by the next look', async () => {
  const { sent, stop, tell, failNext } = start('ok')
  failNext(1)
  tell()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(sent).toEqual([])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(sent).toEqual(['connection_request'])
  stop()
})

test('a pod that is alone does not look', async () => {
  const { sent, stop } = start('not_configured')
  await vi.advanceTimersByTimeAsync(35_000)
  expect(sent).toEqual([])
  stop()
})
