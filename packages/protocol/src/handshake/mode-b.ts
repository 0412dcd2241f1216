import { concat, equalBytes } from '../codec/bytes.js'
import { type Scratch, withScratch } from '../codec/scratch.js'
import { Writer } from '../codec/writer.js'
import { refused } from '../errors.js'
import type { LocalDevice } from '../identity.js'
import type { Algorithms, KeyPair } from '../ports.js'
import { beginAsF, beginAsG } from '../ratchet/begin.js'
import { type Session, secretsOf } from '../ratchet/session.js'
import type { DeviceRecord, PinnedDevice } from '../records/device-record.js'
import { acceptRequest, decodeRequest, type Request, type RequestSecrets, requestBody } from '../records/request.js'
import {
  acceptResponse,
  decodeResponse,
  type Response,
  responseBody,
  responseType,
  responseVersion,
} from '../records/response.js'
import { wrapSign } from '../signature.js'
import {
  confirmation,
  deriveHandshakeKeys,
  type HandshakeKeys,
  modeB,
  partyOf,
  transcriptHash,
} from './key-schedule.js'

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
    .fixed(16, local.user, 'user')
    .u32(local.device)
    .bytes(request.fromUser)
    .u32(request.fromDevice)
    .u64(algorithms.now())
    .fixed(32, algorithms.randomBytes(32), 'nonce')
    .bytes(drawn.own.publicKey)
    .bytes(drawn.ciphertext)
    .u32(1)
    .bytes(drawn.ownKem.publicKey)
    .bytes(await algorithms.classical.sha256(request.bytes))
    .lp(ownRecord.bytes)
    .finish()

const confirmWith = async (algorithms: Algorithms, scratch: Scratch, keys: HandshakeKeys): Promise<Uint8Array> => {
  for (const secret of [keys.rootKey, keys.chainKey, keys.confirmKey]) scratch.hold(secret)
  return confirmation(algorithms.classical, keys.confirmKey, keys.transcriptHash)
}

/** An answer, and the session that it begins. */
export interface Answered {
  /** To be sent once the session is stored. */
  readonly response: Uint8Array
  readonly session: Session
  readonly request: Request
}

/**
 * Accepts a request: the answer, and the session with the requester. Judges the request; `pinned` is what was seen first of
 * the requester's device, where it is known. Throws `refused`. That a request is answered once is the caller's to keep.
 */
export const respond = (
  algorithms: Algorithms,
  local: LocalDevice,
  ownRecord: DeviceRecord,
  requestBytes: Uint8Array,
  pinned?: PinnedDevice | Uint8Array,
): Promise<Answered> =>
  withScratch(
    async scratch => {
      const request = decodeRequest(requestBytes)
      await acceptRequest(algorithms, request, local.user, pinned)
      const { suite } = request.record
      if (!local.suites.includes(suite)) throw refused('suite', 'the suite of the peer is not spoken here')
      const own = await algorithms.classical.generateP256()
      scratch.hold(own.secretKey)
      const ownKem = await algorithms.kem.generateKeyPair()
      scratch.hold(ownKem.secretKey)
      const { ciphertext, sharedSecret } = await algorithms.kem.encapsulate(request.kem)
      const ss = scratch.hold(sharedSecret)
      const d = scratch.hold(await algorithms.classical.ecdh(own, request.p256))
      const body = await encodeBody(algorithms, local, ownRecord, request, { own, ownKem, ciphertext })
      const keys = await modeBKeys(algorithms, request, local, body, { ss, d })
      const confirmed = concat(body, await confirmWith(algorithms, scratch, keys))
      const signature = await wrapSign(algorithms, local, 'response', local.suite, confirmed)
      const session = beginAsF({ keys, suite, mode: modeB, now: algorithms.now(), own, ownKem, prekeyBlock: null })
      return { request, response: concat(confirmed, signature), session }
    },
    ({ session }) => secretsOf(session),
  )

/** The session that a response has completed. */
export interface Taken {
  readonly session: Session
  readonly response: Response
  readonly request: Request
}

/**
 * Takes the answer to an own request: the session with the responder. Throws `refused`, also where `confirm` does not
 * hold; nothing is kept then. The caller erases the request's secrets once the session is stored.
 */
export const takeResponse = (
  algorithms: Algorithms,
  secrets: RequestSecrets,
  responseBytes: Uint8Array,
  pinned?: PinnedDevice | Uint8Array,
): Promise<Taken> =>
  withScratch(
    async scratch => {
      const request = decodeRequest(secrets.bytes)
      const response = decodeResponse(responseBytes)
      await acceptResponse(algorithms, response, request, pinned)
      const ss = scratch.hold(await algorithms.kem.decapsulate(secrets.kem.secretKey, response.ciphertext))
      const d = scratch.hold(await algorithms.classical.ecdh(secrets.p256, response.p256))
      const keys = await modeBKeys(algorithms, request, response.record, responseBody(response.bytes), { ss, d })
      const wanted = await confirmWith(algorithms, scratch, keys)
      if (!equalBytes(wanted, response.confirm)) {
        throw refused('confirmation', 'the confirmation of a response does not hold')
      }
      const { suite } = request.record
      const begun = { keys, suite, mode: modeB, now: algorithms.now(), peerDh: response.p256, peerKem: response.kem }
      return { session: beginAsG(begun), response, request }
    },
    ({ session }) => secretsOf(session),
  )
