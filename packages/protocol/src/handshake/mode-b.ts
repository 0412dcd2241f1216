import { concat, equalBytes, wipe } from '../codec/bytes.js'
import { Writer } from '../codec/writer.js'
import { refused } from '../errors.js'
import type { LocalDevice } from '../identity.js'
import type { Algorithms, KeyPair } from '../ports.js'
import { beginAsF, beginAsG } from '../ratchet/begin.js'
import type { Session } from '../ratchet/session.js'
import type { DeviceRecord } from '../records/device-record.js'
import { acceptRequest, decodeRequest, type RequestSecrets, type Request, requestBody } from '../records/request.js'
import { acceptResponse, decodeResponse, type Response, responseBody, responseType, responseVersion } from '../records/response.js'
import { wrapSign } from '../signature.js'
import { confirmation, deriveHandshakeKeys, type HandshakeKeys, modeB, transcriptHash } from './key-schedule.js'
import { partyOf } from './mode-a.js'

/** The keys of mode B from both records and the secrets; wipes `ss` and `d`. `responseBytes` is the body before `confirm`. */
export const modeBKeys = async (
  algorithms: Pick<Algorithms, 'classical'>,
  request: Request,
  responder: LocalDevice | DeviceRecord,
  responseBytes: Uint8Array,
  secrets: { readonly ss: Uint8Array; readonly d: Uint8Array },
): Promise<HandshakeKeys> => {
  const { suite } = request.record
  const th = await transcriptHash(algorithms.classical, {
    suite,
    mode: modeB,
    initiator: partyOf(request.record),
    responder: partyOf(responder),
    body1: requestBody(request.bytes),
    body2: responseBytes,
  })
  return deriveHandshakeKeys(algorithms.classical, suite, secrets.ss, secrets.d, th)
}

const encodeBody = async (
  algorithms: Algorithms,
  local: LocalDevice,
  ownRecord: DeviceRecord,
  request: Request,
  drawn: { readonly own: KeyPair; readonly ownKem: KeyPair; readonly ciphertext: Uint8Array },
): Promise<Uint8Array> =>
  new Writer()
    .u8(responseVersion)
    .u8(responseType)
    .bytes(request.requestId)
    .bytes(local.user)
    .u32(local.device)
    .bytes(request.fromUser)
    .u32(request.fromDevice)
    .u64(algorithms.now())
    .bytes(algorithms.randomBytes(32))
    .bytes(drawn.own.publicKey)
    .bytes(drawn.ciphertext)
    .u32(1)
    .bytes(drawn.ownKem.publicKey)
    .bytes(await algorithms.classical.sha256(request.bytes))
    .lp(ownRecord.bytes)
    .finish()

/**
 * Accepts a request: the answer, and the session with the requester. Judges the request; `pinned` is the requester's
 * identity key where one is known. Throws `refused`. A request is answered once; that is the caller's to keep.
 */
export const respond = async (
  algorithms: Algorithms,
  local: LocalDevice,
  ownRecord: DeviceRecord,
  requestBytes: Uint8Array,
  pinned?: Uint8Array,
): Promise<{ readonly response: Uint8Array; readonly session: Session; readonly request: Request }> => {
  const request = decodeRequest(requestBytes)
  await acceptRequest(algorithms, request, local.user, pinned)
  if (!local.suites.includes(request.record.suite)) throw refused('the suite of the peer is not spoken here')
  const own = await algorithms.classical.generateP256()
  const ownKem = await algorithms.kem.generateKeyPair()
  const { ciphertext, sharedSecret } = await algorithms.kem.encapsulate(request.kem)
  const d = await algorithms.classical.ecdh(own, request.p256)
  const body = await encodeBody(algorithms, local, ownRecord, request, { own, ownKem, ciphertext })
  const keys = await modeBKeys(algorithms, request, local, body, { ss: sharedSecret, d })
  const confirmed = concat(body, await confirmation(algorithms.classical, keys.confirmKey, keys.transcriptHash))
  wipe(keys.confirmKey)
  const signature = await wrapSign(algorithms, local, 'response', local.suite, confirmed)
  const { suite } = request.record
  return {
    request,
    response: concat(confirmed, signature),
    session: beginAsF({ keys, suite, mode: modeB, now: algorithms.now(), own, ownKem, prekeyBlock: null }),
  }
}

/**
 * Takes the answer to an own request: the session with the responder. Throws `refused`, also where `confirm` does not
 * hold; nothing is kept then. The caller erases the request's secrets once this has succeeded.
 */
export const takeResponse = async (
  algorithms: Algorithms,
  secrets: RequestSecrets,
  responseBytes: Uint8Array,
  pinned?: Uint8Array,
): Promise<{ readonly session: Session; readonly response: Response; readonly request: Request }> => {
  const request = decodeRequest(secrets.bytes)
  const response = decodeResponse(responseBytes)
  await acceptResponse(algorithms, response, request, pinned)
  const ss = await algorithms.kem.decapsulate(secrets.kem.secretKey, response.ciphertext)
  const d = await algorithms.classical.ecdh(secrets.p256, response.p256)
  const keys = await modeBKeys(algorithms, request, response.record, responseBody(response.bytes), { ss, d })
  const wanted = await confirmation(algorithms.classical, keys.confirmKey, keys.transcriptHash)
  wipe(keys.confirmKey)
  if (!equalBytes(wanted, response.confirm)) {
    wipe(keys.rootKey, keys.chainKey)
    throw refused('the confirmation of a response does not hold')
  }
  const { suite } = request.record
  const session = beginAsG({ keys, suite, mode: modeB, now: algorithms.now(), peerDh: response.p256, peerKem: response.kem })
  return { session, response, request }
}
