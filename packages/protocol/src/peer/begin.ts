import { equalBytes } from '../codec/bytes.js'
import { refused } from '../errors.js'
import { beginByPrekey } from '../handshake/mode-a.js'
import { respond, takeResponse } from '../handshake/mode-b.js'
import type { LocalDevice } from '../identity.js'
import type { Algorithms } from '../ports.js'
import type { Bundle } from '../records/bundle.js'
import type { DeviceRecord } from '../records/device-record.js'
import { decodeRequest, type Request, type RequestSecrets } from '../records/request.js'
import { decodeResponse } from '../records/response.js'
import { advancePeer, newPeer, type PeerState } from './peer-state.js'
import { addSession, supersedeSessions } from './session-choice.js'

/** The later one of the pinned record and one that agrees with it. */
const newerRecord = (peer: PeerState, record: DeviceRecord): DeviceRecord =>
  record.createdAt > peer.record.createdAt ? record : peer.record

const checkAddress = (peer: PeerState | null, user: Uint8Array, device: number): void => {
  if (peer && (!equalBytes(peer.record.user, user) || peer.record.device !== device)) {
    throw refused('address', 'a handshake is with another device than this state')
  }
}

/** How a session is begun by a prekey: with whom, by which bundle. */
export interface StartOptions {
  /** Null where nothing is known of this device yet. */
  readonly peer: PeerState | null
  readonly user: Uint8Array
  readonly device: number
  readonly bundle: Bundle
}

/**
 * Mode A: begins a session by a bundle from the server; no answer is needed. It is used from now on, earlier ones only
 * receive: begin none where one is in use, unless the user asks for it. Store the state, then send. Throws `refused`, with
 * the reason `identity` where the device shows another key than the pinned one.
 */
export const startSession = async (
  algorithms: Algorithms,
  local: LocalDevice,
  ownRecord: DeviceRecord,
  options: StartOptions,
): Promise<PeerState> => {
  const { user, device, bundle } = options
  checkAddress(options.peer, user, device)
  const pinned = options.peer ? { pinned: options.peer.record } : {}
  const session = await beginByPrekey(algorithms, local, ownRecord, bundle, { user, device, ...pinned })
  const peer = options.peer ?? newPeer(bundle.record)
  return advancePeer(peer, {
    record: newerRecord(peer, bundle.record),
    entries: supersedeSessions(peer.entries, session, algorithms.now()),
  })
}

/** Mode B, the side that was asked: the state to store, then the answer to send. */
export interface AnsweredForPeer {
  readonly peer: PeerState
  readonly response: Uint8Array
  /** By which `abandonSession` finds the session where the server takes another answer. */
  readonly sid: Uint8Array
}

/**
 * Mode B: accepts a request of a device (`peer`: its state, null where none). Throws `refused`, with the reason `answered`
 * where this request was answered before: send the stored answer again, make no second one.
 */
export const answerRequest = async (
  algorithms: Algorithms,
  local: LocalDevice,
  ownRecord: DeviceRecord,
  peer: PeerState | null,
  requestBytes: Uint8Array,
): Promise<AnsweredForPeer> => {
  const request = decodeRequest(requestBytes)
  checkAddress(peer, request.fromUser, request.fromDevice)
  if (peer?.answered.some(answered => equalBytes(answered.requestId, request.requestId))) {
    throw refused('answered', 'a request is answered once')
  }
  const { response, session } = await respond(algorithms, local, ownRecord, requestBytes, peer?.record)
  const now = algorithms.now()
  const before = peer ?? newPeer(request.record)
  const remembered = before.answered.filter(answered => answered.expiresAt > now)
  const answered = [...remembered, { requestId: request.requestId, expiresAt: request.expiresAt }]
  const entries = addSession(before.entries, session, request.createdAt, now)
  const record = newerRecord(before, request.record)
  return { peer: advancePeer(before, { record, entries, answered }), response, sid: session.sid }
}

/**
 * Mode B, the side that asked: takes the answer (`peer`: the state of the answering device, null where none). Store the
 * state and drop the request's secrets in one, then `wipeRequest`: a request takes one answer. Throws `refused`.
 */
export const completeRequest = async (
  algorithms: Algorithms,
  secrets: RequestSecrets,
  peer: PeerState | null,
  responseBytes: Uint8Array,
): Promise<{ readonly peer: PeerState; readonly request: Request }> => {
  const answering = decodeResponse(responseBytes)
  checkAddress(peer, answering.fromUser, answering.fromDevice)
  const { session, request, response } = await takeResponse(algorithms, secrets, responseBytes, peer?.record)
  const before = peer ?? newPeer(response.record)
  const entries = addSession(before.entries, session, request.createdAt, algorithms.now())
  return { peer: advancePeer(before, { record: newerRecord(before, response.record), entries }), request }
}
