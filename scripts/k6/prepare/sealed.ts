import { setImmediate } from 'node:timers/promises'
import { encodeBase64 } from '@qsm/contract'
import { type Algorithms, encrypt, envelopeTypes, kinds } from '@qsm/protocol'
import { idToBytes, newId } from '@qsm/server-kit'
import { type BenchPerson, connect, makeDevice, makePerson, recordOf, shakeHands } from '../../bench/people.js'
import type { Account } from './people.js'

/** Registers an account, with so many devices, each with a login session of its own. */
export const makeDevices = async (
  url: string,
  algorithms: Algorithms,
  { username, password }: Account,
  count: number,
): Promise<readonly BenchPerson[]> => {
  const devices = [await makePerson(url, algorithms, username, password)]
  while (devices.length < count) devices.push(await makeDevice(url, algorithms, username, password))
  return devices
}

/**
 * Connects the owner of these devices with a sender, and seals `count` texts of the sender, each for every device. Gives the
 * bodies of the sends. The server sees the handshake of the first device; those of the others are between the devices alone.
 */
export const sealForAll = async (
  algorithms: Algorithms,
  url: string,
  sender: BenchPerson,
  [first, ...others]: readonly BenchPerson[],
  count: number,
): Promise<readonly string[]> => {
  if (!first) throw new Error('there is no device to seal for')
  const peers = [
    { record: await recordOf(algorithms, first.local), session: await connect(url, algorithms, first, sender) },
  ]
  for (const { local } of others) {
    const { session } = await shakeHands(algorithms, local, sender.local)
    peers.push({ record: await recordOf(algorithms, local), session })
  }
  const content = { kind: kinds.text, content: new TextEncoder().encode('a line of about the usual length of a chat') }
  const bodies: string[] = []
  for (let number = 0; number < count; number += 1) {
    const messageId = newId()
    const outgoing = { type: envelopeTypes.message, msgId: idToBytes(messageId), content }
    const envelopes: string[] = []
    for (const peer of peers) {
      await setImmediate() // Sealing thousands would else keep everything else waiting.
      const sent = await encrypt(algorithms, sender.local, peer.record, peer.session, outgoing)
      peer.session = sent.session
      envelopes.push(encodeBase64(sent.envelope))
    }
    bodies.push(JSON.stringify({ client_message_id: messageId, envelopes }))
  }
  return bodies
}
