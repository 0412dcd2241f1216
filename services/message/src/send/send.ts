import { limits } from '@qsm/contract'
import { type CounterMetric, type HistogramMetric, QsmError, type Query, violatedUnique } from '@qsm/server-kit'
import { announceConnection } from '../connections/announce.js'
import { openByMessage } from '../connections/open-by-message.js'
import { lockPair } from '../connections/pair.js'
import type { MessageContext } from '../context.js'
import type { Devices } from '../devices/devices.js'
import {
  checkConnections,
  checkDevices,
  checkSender,
  checkSignatures,
  checkTimes,
  type Standing,
} from './check-send.js'
import { createSendContextLoader, type EarlierSend } from './load-context.js'
import { envelopeRefused, hashOf, readParcels, type SendRequest, type StoredParcel } from './send-job.js'
import { type CheckedSend, createSendStore, storeInTransaction } from './store-sends.js'

export interface SendMetrics {
  readonly sends: CounterMetric
  readonly refused: CounterMetric
  readonly flushSize: HistogramMetric
}

/** Stores a send that was checked, or throws; the one way in, by REST and by socket. */
export type Send = (request: SendRequest) => Promise<readonly StoredParcel[]>

const answerEarlier = (earlier: EarlierSend, hash: Buffer): readonly StoredParcel[] => {
  if (!earlier.hash.equals(hash)) throw new QsmError('idempotency_conflict')
  return earlier.answer
}

/** Counts an envelope of a started connection; over the bound the transaction is rolled back. */
const countStarted = async (query: Query, fromUser: string, toUser: string, toDevice: number): Promise<void> => {
  const [row] = await query<{ envelopes: number }>(
    `INSERT INTO message.started_use (from_user, to_user, to_device, envelopes) VALUES ($1, $2, $3, 1)
     ON CONFLICT (from_user, to_user, to_device) DO UPDATE SET envelopes = started_use.envelopes + 1 RETURNING envelopes`,
    [fromUser, toUser, toDevice],
  )
  if ((row?.envelopes ?? 0) > limits.startedEnvelopesPerDevice) throw new QsmError('not_answered')
}

interface StoredOnStarted {
  readonly stored: readonly StoredParcel[]
  /** Users whose started connection this send has answered. */
  readonly opened: readonly string[]
}

const storeOnStarted = (
  context: MessageContext,
  send: CheckedSend,
  standings: readonly Standing[],
): Promise<StoredOnStarted> =>
  context.database.transaction(async query => {
    const { userId } = send.request.sender
    const opened: string[] = []
    for (const { peerId, kind } of [...standings].sort((a, b) => (a.peerId < b.peerId ? -1 : 1))) {
      if (kind === 'answers' && (await openByMessage(query, userId, peerId))) opened.push(peerId)
      if (kind !== 'started-by-sender') continue
      const connection = await lockPair(query, userId, peerId)
      if (connection.state === 'open') continue
      for (const parcel of send.parcels) {
        if (parcel.userId === peerId) await countStarted(query, userId, peerId, parcel.deviceId)
      }
    }
    return { stored: await storeInTransaction(query, send), opened }
  })

/**
 * The checks of docs/protocol.md section 7 in their order, cheapest first, then the insert. Answered after the commit.
 */
export const createSend = (context: MessageContext, devices: Devices, metrics: SendMetrics): Send => {
  const loader = createSendContextLoader(context.database)
  const store = createSendStore(context.database, sends => metrics.flushSize.observe(sends))
  const perDevice = context.rateLimits({ name: 'send', points: 6_000, perSeconds: 60 })

  const afterFault = async (request: SendRequest, hash: Buffer, fault: unknown): Promise<readonly StoredParcel[]> => {
    const constraint = violatedUnique(fault)
    if (constraint === 'sent_pkey' || constraint === 'body_pkey') {
      const earlier = await loader.earlier({ ...request.sender, messageId: request.messageId })
      if (earlier) return answerEarlier(earlier, hash)
    }
    if (constraint === 'seen_pkey') {
      metrics.refused.inc({ cause: 'repeat' })
      throw envelopeRefused()
    }
    if ((fault as { code?: unknown }).code === '22012') {
      // A mailbox went away between the check and the insert: say which device is too many.
      await checkDevices(loader, request, readParcels(request))
    }
    throw fault
  }

  return async request => {
    const hash = hashOf(request)
    const earlier = await loader.earlier({ ...request.sender, messageId: request.messageId })
    if (earlier) return answerEarlier(earlier, hash)
    const parcels = readParcels(request)
    checkSender(request, parcels)
    const standings = await checkConnections(loader, request, parcels)
    await checkDevices(loader, request, parcels)
    const receivedAt = context.clock.now()
    checkTimes(parcels, receivedAt)
    await perDevice.take(`${request.sender.userId}/${request.sender.deviceId}`)
    const record = await devices.record(request.sender)
    if (!record) throw new QsmError('device_required')
    await checkSignatures(context.verifier, record, parcels, cause => metrics.refused.inc({ cause }))
    const send: CheckedSend = { request, parcels, hash, receivedAt }
    const storing = standings.every(standing => standing.kind === 'open')
      ? store(send)
      : storeOnStarted(context, send, standings).then(({ stored, opened }) => {
          for (const peerId of opened) announceConnection(context.bus, request.sender.userId, peerId, null)
          return stored
        })
    const answer = await storing.catch(fault => afterFault(request, hash, fault))
    metrics.sends.inc()
    for (const { user_id, device_id } of answer) context.bus.publish({ kind: 'mailbox', user_id, device_id })
    return answer
  }
}
