import { hkdfSync, randomInt } from 'node:crypto'
import { encodeBase64 } from '@qsm/contract'
import {
  type Algorithms,
  encrypt,
  envelopeTypes,
  identityKeyOf,
  kinds,
  type LocalDevice,
  makeDeviceRecord,
  makeRequest,
  respond,
  suiteDefault,
  wrapSign,
  wrapVerify,
} from '@qsm/protocol'
import { idToBytes, newId } from '@qsm/server-kit'
import { loadAlgorithms } from '../../people.js'

const text = new TextEncoder().encode('a line of about the usual length of a chat, give or take')

const drawDevice = async (algorithms: Algorithms): Promise<LocalDevice> => ({
  user: idToBytes(newId()),
  device: randomInt(1, 2 ** 32 - 1),
  suite: suiteDefault,
  suites: [suiteDefault],
  managed: true,
  falcon: await algorithms.signer.generateKeyPair(),
  ecdsa: await algorithms.classical.generateP256(),
})

/** What the service does for each operation, without HTTP, database and keys at rest. */
export const createInProcess = async () => {
  const algorithms = await loadAlgorithms()
  const [alice, bob] = [await drawDevice(algorithms), await drawDevice(algorithms)]
  const recordOf = (device: LocalDevice) =>
    makeDeviceRecord(algorithms, device, { createdAt: algorithms.now(), expiresAt: 0 })
  const bobRecord = await recordOf(bob)
  const aliceRecord = await recordOf(alice)
  const request = await makeRequest(algorithms, bob, bobRecord, { requestId: idToBytes(newId()), toUser: alice.user })
  let { session } = await respond(algorithms, alice, aliceRecord, request.bytes)
  const kemKeys = await algorithms.kem.generateKeyPair()
  const identityKey = identityKeyOf(alice)
  const signature = await wrapSign(algorithms, alice, 'rest', suiteDefault, text)
  return {
    algorithms,
    kemPublicKey: encodeBase64(kemKeys.publicKey),
    async encapsulate() {
      const { sharedSecret } = await algorithms.kem.encapsulate(kemKeys.publicKey)
      hkdfSync('sha256', sharedSecret, new Uint8Array(32), 'QSM/1 rest kem', 32)
    },
    async wrapSign() {
      await wrapSign(algorithms, alice, 'rest', suiteDefault, text)
    },
    async wrapVerify() {
      if (!(await wrapVerify(algorithms, identityKey, 'rest', suiteDefault, text, signature)))
        throw new Error('invalid')
    },
    /** The seal alone: one envelope, ratchet and both signatures. */
    async seal() {
      const content = { kind: kinds.text, content: text }
      const outgoing = { type: envelopeTypes.message, msgId: idToBytes(newId()), content }
      session = (await encrypt(algorithms, alice, bobRecord, session, outgoing)).session
    },
  }
}
