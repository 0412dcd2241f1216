import { limits, recordBytes } from '@qsm/contract'
import {
  acceptDeviceRecord,
  encodeBundle,
  headerBytes,
  kinds,
  makeDeviceRecord,
  makePrekey,
  makeRequest,
  maxEnvelopeBytes,
  paddingBlockBytes,
  prekeyBytes,
  prekeyKinds,
  prekeySupply,
  respond,
  sealBodyApart,
  signatureBytes,
  tagBytes,
} from '@qsm/protocol'
import { beforeAll, describe, expect, it } from 'vitest'
import { nobleAlgorithms } from '../packages/protocol/test/support/noble-algorithms.js'
import { Person } from '../packages/protocol/test/support/person.js'

const clock = { now: 1_800_000_000_000 }
const algorithms = nobleAlgorithms('contract and protocol', clock)
const times = { createdAt: clock.now, expiresAt: 0 }
const requestId = new Uint8Array(16).fill(9)
const manySuites = Array.from({ length: 16 }, (_, index) => index + 1)
let alice: Person
let bob: Person

beforeAll(async () => {
  alice = await Person.create(algorithms, 1)
  bob = await Person.create(algorithms, 2)
})

/** The records of a device that names so many suites, each with its signature. */
const lengthsWith = async (suites: readonly number[]) => {
  const [from, to] = [alice.local, bob.local].map(local => ({ ...local, suites }))
  if (!from || !to) throw new Error('two devices are needed')
  const [fromRecord, toRecord] = [
    await makeDeviceRecord(algorithms, from, times),
    await makeDeviceRecord(algorithms, to, times),
  ]
  const prekey = await makePrekey(algorithms, from, { id: 1, kind: prekeyKinds.oneTime, notAfter: clock.now + 1 })
  const { bytes: request } = await makeRequest(algorithms, from, fromRecord, { requestId, toUser: to.user })
  const { response } = await respond(algorithms, to, toRecord, request)
  return {
    device: fromRecord.bytes.length,
    prekey: prekey.prekey.bytes.length,
    bundle: encodeBundle(fromRecord.bytes, prekey.prekey.bytes).length,
    request: request.length,
    response: response.length,
  }
}

describe('the contract and the protocol say the same of', () => {
  it.each([
    ['min', [1]],
    ['max', manySuites],
  ] as const)('the length of each record, %s', async (bound, suites) => {
    const { device, prekey, bundle, request, response } = recordBytes
    expect(await lengthsWith(suites)).toEqual({
      device: device[bound],
      prekey,
      bundle: bundle[bound],
      request: request[bound],
      response: response[bound],
    })
  })

  it('the length of envelopes and prekeys', () => {
    expect(limits.maxEnvelopeBytes).toBe(maxEnvelopeBytes)
    expect(limits.minEnvelopeBytes).toBe(headerBytes + paddingBlockBytes + tagBytes + signatureBytes)
    expect(limits.prekeyRecordBytes).toBe(prekeyBytes)
  })

  it('the length of the shortest body apart', async () => {
    const content = { kind: kinds.text, content: new Uint8Array(0) }
    const { body } = await sealBodyApart(algorithms, new Uint8Array(16), content)
    expect(limits.minBodyApartBytes).toBe(body.length)
  })

  it('how many prekeys a device keeps on the server', () => {
    expect([limits.minOneTimePrekeys, limits.maxOneTimePrekeys]).toEqual([
      prekeySupply.oneTimeMin,
      prekeySupply.oneTimeMax,
    ])
  })

  it('how far ahead a record may come from', async () => {
    const made = (createdAt: number) => makeDeviceRecord(algorithms, alice.local, { ...times, createdAt })
    await acceptDeviceRecord(algorithms, await made(clock.now + limits.recordSkewMs), {})
    const late = await made(clock.now + limits.recordSkewMs + 1)
    await expect(acceptDeviceRecord(algorithms, late, {})).rejects.toMatchObject({ reason: 'time' })
  })

  it('how long a request may be answered', async () => {
    const living = (lifeMs: number) =>
      makeRequest(algorithms, alice.local, alice.record, { requestId, toUser: bob.local.user, lifeMs })
    await living(limits.requestLifeMs)
    await expect(living(limits.requestLifeMs + 1)).rejects.toMatchObject({ code: 'usage' })
  })
})
