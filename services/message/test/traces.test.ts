import type { HintOf } from '@qsm/contract'
import { createTracing, type Tracing } from '@qsm/server-kit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../../../tests/support/silent-log.js'
import { openSocketClient } from '../../../tests/support/socket-client.js'
import { startTraceCollector, type TraceCollector } from '../../../tests/support/trace-collector.js'
import { makeParty, openConversation, type SendBody } from './support/conversation.js'
import { call, type Login } from './support/person.js'
import { startMessage } from './support/start-message.js'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const clientSpan = '00f067aa0ba902b7'

let collector: TraceCollector
beforeEach(async () => {
  collector = await startTraceCollector()
})
afterEach(() => collector.close())

const tracingAs = (service: string, endpoint: string | undefined): Promise<Tracing | null> => {
  const config = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: undefined }
  return createTracing(config, { service, log: silentLog })
}
const send = (url: string, { token }: Login, body: SendBody, traceparent: string) =>
  call(url, 'POST', '/api/message/send', { body, headers: { Authorization: `Bearer ${token}`, traceparent } })

/** Bob sends at one pod what Alice gets by her socket at another, and once more by a socket of his own. */
const sendAcross = async (endpoint: string | undefined, traceparent: string) => {
  const [here, there] = [await tracingAs('here', endpoint), await tracingAs('there', endpoint)]
  const message = await startMessage({ tracing: here })
  const pod = await message.secondPod({ tracing: there })
  const hints: HintOf<'mailbox'>[] = []
  try {
    const alice = await makeParty(await message.person())
    const bob = await makeParty(await message.person())
    const toAlice = await openConversation(message.algorithms, alice, bob)
    await pod.app.accounts.sync()
    const getting = await openSocketClient(pod.url, { token: alice.person.token })
    await getting.next('backlog_end')
    message.bus.subscribe('mailbox', hint => void hints.push(hint))

    const answer = await send(message.url, bob.person, await toAlice.seal(), traceparent)
    await getting.next('delivery')
    const again = { messageId: answer.body.message_id }
    const refused = await send(message.url, bob.person, await toAlice.seal('another text', again), traceparent)
    const sending = await openSocketClient(message.url, { token: bob.person.token })
    sending.send({ type: 'send', ...(await toAlice.seal()) })
    await sending.next('sent')
    await getting.next('delivery')
    // A hint may come after what it tells of.
    await new Promise(setImmediate)
    getting.end()
    sending.end()
    const people = [alice, bob].flatMap(({ person, device }) => [
      person.userId,
      person.username,
      String(device.deviceId),
    ])
    return { statuses: [answer.status, refused.status], hints, people }
  } finally {
    await pod.close()
    await message.close()
    await Promise.all([here?.close(), there?.close()])
  }
}

const shown = ({ service, name, attributes }: TraceCollector['spans'][number]) => ({ service, name, attributes })

describe('where a collector is named', () => {
  test('a send is one trace, from the span of its client to the pod whose socket gets it', async () => {
    const { statuses, hints, people } = await sendAcross(collector.url, `00-${traceId}-${clientSpan}-01`)
    expect(statuses).toEqual([201, 409])
    const ofClient = collector.spans.filter(span => span.traceId === traceId)
    const childrenOf = (parent: string | undefined) => ofClient.filter(span => span.parentSpanId === parent)
    const sends = childrenOf(clientSpan)
    const route = { 'http.route': '/api/message/send' }
    expect(sends.map(shown)).toEqual([
      { service: 'here', name: 'send', attributes: { ...route, 'http.response.status_code': 201 } },
      { service: 'here', name: 'send', attributes: { ...route, 'http.response.status_code': 409 } },
    ])
    const [commit, ...noCommit] = childrenOf(sends[0]?.spanId)
    const [hint, ...noHint] = childrenOf(commit?.spanId)
    const [delivery, ...noDelivery] = childrenOf(hint?.spanId)
    expect([noCommit, noHint, noDelivery]).toEqual([[], [], []])
    expect(commit && shown(commit)).toEqual({ service: 'here', name: 'commit', attributes: { 'qsm.envelopes': 1 } })
    expect(hint && shown(hint)).toEqual({ service: 'here', name: 'hint', attributes: {} })
    expect(delivery && shown(delivery)).toEqual({ service: 'there', name: 'delivery', attributes: {} })
    expect(ofClient).toHaveLength(5)
    expect(hints[0]?.traceparent).toBe(`00-${traceId}-${hint?.spanId}-01`)

    const ofSocket = collector.spans.filter(span => span.traceId !== traceId)
    expect(ofSocket.map(({ name }) => name).sort()).toEqual(['commit', 'delivery', 'hint', 'send'])
    expect(new Set(ofSocket.map(span => span.traceId)).size).toBe(1)
    expect(ofSocket.find(({ name }) => name === 'send')?.attributes['http.route']).toBe('/ws')
    const text = JSON.stringify(collector.spans)
    for (const word of people) expect(text).not.toContain(word)
  })

  test.each(['', 'nonsense', `00-${'0'.repeat(32)}-${clientSpan}-01`, `00-${traceId.toUpperCase()}-${clientSpan}-01`])(
    'a traceparent that is none, %j, begins a new trace and harms no send',
    async traceparent => {
      const { statuses } = await sendAcross(collector.url, traceparent)
      expect(statuses).toEqual([201, 409])
      const sends = collector.spans.filter(({ name }) => name === 'send')
      expect(sends).toHaveLength(3)
      for (const { parentSpanId } of sends) expect(parentSpanId ?? '').toBe('')
    },
  )

  test('one that refuses or is away keeps nothing from being sent', async () => {
    const refusing = await startTraceCollector(400)
    expect((await sendAcross(refusing.url, '')).statuses).toEqual([201, 409])
    expect(refusing.spans.length).toBeGreaterThan(0)
    await refusing.close()
    expect((await sendAcross(refusing.url, '')).statuses).toEqual([201, 409])
  })
})

test('where none is named nothing is traced, and no hint names a span', async () => {
  const { statuses, hints } = await sendAcross(undefined, `00-${traceId}-${clientSpan}-01`)
  expect(statuses).toEqual([201, 409])
  expect(hints).toHaveLength(2)
  for (const hint of hints) expect(hint).not.toHaveProperty('traceparent')
  expect(collector.spans).toEqual([])
})
