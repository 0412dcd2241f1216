import { limits } from '@qsm/contract'
import {
  type CounterMetric,
  createBatcher,
  type HistogramMetric,
  podAddressOf,
  QsmError,
  type Query,
  violatedUnique,
} from '@qsm/server-kit'
import { announceConnection } from '../connections/announce.js'
import { openByMessage } from '../connections/open-by-message.js'
import { lockPair } from '../connections/pair.js'
import type { MessageContext } from '../context.js'
import type { Devices } from '../devices/devices.js'
import type { Arrivals } from '../mailbox/arrivals.js'
import { checkSender, checkTimes } from './check-addresses.js'
import { checkSignatures, type RefusedCause, readEnvelopes } from './check-envelopes.js'
import { checkConnections, checkDevices, checkSendingDevice, type Standing } from './check-recipients.js'
import { createLoadFacts, type EarlierSend } from './load-facts.js'
import { envelopeRefused, hashOf, readParcels, type SendRequest, type StoredSend, senderKeyOf } from './send-job.js'
import {
  type CheckedSend,
  createSendStore,
  type HeldParcel,
  isMailboxMissing,
  storeInTransaction,
} from './store-sends.js'

export interface SendMetrics {
  readonly sends: CounterMetric
  readonly refused: CounterMetric
  readonly flushSize: HistogramMetric
}

export interface SendParts {
  readonly devices: Devices
  readonly arrivals: Arrivals
}

/** Stores a send that was checked, or throws; the one way in, by REST and by socket. */
export type Send = (request: SendRequest) => Promise<StoredSend>

/** Under an id of a managed device other bytes are the same content, sealed anew while this was being stored. */
const answerEarlier = ({ hash, devices, receivedAt }: EarlierSend, request: SendRequest, given: Buffer): StoredSend => {
  if (!request.managed && !hash.equals(given)) throw new QsmError('idempotency_conflict')
  return { devices, receivedAt }
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

interface Checked {
  readonly send: CheckedSend
  readonly standings: readonly Standing[]
}

interface Committed {
  readonly stored: readonly HeldParcel[]
  /** The span of the commit; null where it was not traced. */
  readonly traceparent: string | null
}

interface StoredOnStarted {
  readonly stored: readonly HeldParcel[]
  /** Users whose started connection this send has answered. */
  readonly opened: readonly string[]
}

const storeAndOpen = (
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

const storeOnStarted = async (
  context: MessageContext,
  send: CheckedSend,
  standings: readonly Standing[],
): Promise<readonly HeldParcel[]> => {
  const { stored, opened } = await storeAndOpen(context, send, standings)
  for (const peerId of opened) announceConnection(context.bus, send.request.sender.userId, peerId, null)
  return stored
}

const asError = (thrown: unknown): Error => thrown as Error

/**
 * The checks of docs/protocol.md section 7 in their order, cheapest first, then the insert. Answered after the commit.
 */
export const createSend = (context: MessageContext, parts: SendParts, metrics: SendMetrics): Send => {
  const { devices, arrivals } = parts
  const { tracing } = context
  const loadFacts = createLoadFacts(context.database, context.clock)
  const storeBatched = createSendStore(context.database, sends => metrics.flushSize.observe(sends))
  // Each in a transaction of its own, those of one device one after the other.
  const storeStarted = createBatcher<Checked, readonly HeldParcel[]>({
    maxItems: 1,
    maxInFlight: 8,
    keyOf: ({ send: { request } }) => senderKeyOf(request),
    run: checked =>
      Promise.all(checked.map(({ send, standings }) => storeOnStarted(context, send, standings).catch(asError))),
  })
  const perDevice = context.rateLimits({ name: 'send', points: 6_000, perSeconds: 60, perPod: true })
  const onRefused = (cause: RefusedCause) => metrics.refused.inc({ cause })
  const refuseRepeat = (): never => {
    onRefused('repeat')
    throw envelopeRefused()
  }

  /** Throws what is wrong with a send; gives the earlier one where it comes again. */
  const check = async (request: SendRequest, hash: Buffer): Promise<Checked | EarlierSend> => {
    const parcels = readParcels(request)
    checkSender(request, parcels)
    const facts = await loadFacts(request, parcels)
    if (facts.earlier) return facts.earlier
    checkSendingDevice(facts, request.sender)
    const standings = checkConnections(facts, request.sender.userId, parcels)
    checkDevices(facts.devices, request, parcels)
    const receivedAt = context.databaseClock.now()
    checkTimes(parcels, receivedAt)
    await perDevice.take(senderKeyOf(request))
    const record = await devices.record(request.sender)
    if (!record) throw new QsmError('device_required')
    const read = readEnvelopes(record, parcels, onRefused)
    if (facts.isRepeat) refuseRepeat()
    await checkSignatures(context.verifier, record, read, onRefused)
    return { send: { request, parcels: read, hash, receivedAt }, standings }
  }

  /** What another send or a removed device brought about between the checks and the insert. */
  const afterFault = async (request: SendRequest, fault: unknown): Promise<EarlierSend> => {
    const constraint = violatedUnique(fault)
    if (fault instanceof QsmError || constraint !== null) {
      // The same send, come twice at once: the other one was stored meanwhile and has used up what this one lacks.
      const { earlier } = await loadFacts(request, [])
      if (earlier) return earlier
    }
    // A body is kept longer than the memory of repeats.
    if (constraint === 'body_pkey') throw new QsmError('idempotency_conflict')
    if (constraint === 'seen_pkey') refuseRepeat()
    if (isMailboxMissing(fault)) {
      const parcels = readParcels(request)
      const { devices: active } = await loadFacts(request, parcels)
      checkSendingDevice({ devices: active }, request.sender)
      checkDevices(active, request, parcels)
    }
    throw fault
  }

  const store = (checked: Checked): Promise<readonly HeldParcel[]> =>
    checked.standings.every(standing => standing.kind === 'open') ? storeBatched(checked.send) : storeStarted(checked)

  const storeTraced = async (checked: Checked): Promise<Committed> => {
    const { traceparent } = checked.send.request
    if (!tracing || !traceparent) return { stored: await store(checked), traceparent: null }
    return tracing.span('commit', traceparent, async span => {
      span.set('qsm.envelopes', checked.send.parcels.length)
      return { stored: await store(checked), traceparent: span.traceparent }
    })
  }

  const tell = ({ request, parcels, receivedAt }: CheckedSend, { stored, traceparent }: Committed): void => {
    const span = traceparent === null ? null : tracing?.begin('hint', traceparent, 'producer')
    const trace = span && { traceparent: span.traceparent }
    for (const [index, { user_id, device_id, sequence, socketId }] of stored.entries()) {
      const envelope = parcels[index]?.bytes
      if (envelope) {
        const entry = { sequence, receivedAt, envelope, body: request.body }
        arrivals.tell({ userId: user_id, deviceId: device_id }, entry)
      }
      context.bus.publish({ kind: 'mailbox', user_id, device_id, sequence, ...trace }, podAddressOf(socketId))
    }
    span?.end()
    const { userId: user_id, deviceId: device_id } = request.sender
    if (request.managed?.note) context.bus.publish({ kind: 'mailbox', user_id, device_id })
  }

  const checkAndStore = async (request: SendRequest, hash: Buffer): Promise<StoredSend | EarlierSend> => {
    const checked = await check(request, hash)
    if ('hash' in checked) return checked
    const committed = await storeTraced(checked)
    metrics.sends.inc()
    tell(checked.send, committed)
    const devices = committed.stored.map(({ socketId: _, ...parcel }) => parcel)
    return { devices, receivedAt: checked.send.receivedAt }
  }

  return async request => {
    const hash = hashOf(request)
    const result = await checkAndStore(request, hash).catch(fault => afterFault(request, fault))
    return 'hash' in result ? answerEarlier(result, request, hash) : result
  }
}
