import { decodeBase64 } from '@qsm/contract'
import { decodeDeviceRecord, parseEnvelope, toHex } from '@qsm/protocol'
import { newId } from '@qsm/server-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DeviceProcess, startDeviceProcess } from './support/device-process.js'
import { EndToEnd } from './support/end-to-end.js'
import { openEveryRow } from './support/every-row.js'
import { ManagedUser } from './support/managed-user.js'
import { startDevices, type TestDevices } from './support/start-devices.js'

let devices: TestDevices

beforeAll(async () => {
  devices = await startDevices()
})
afterAll(() => devices.close())

const kills = 50

/** What an order has given, null where the process did not live long enough to answer. */
type Outcome<T> = Promise<T | null>

const orNothing = async <T>(work: Promise<T>): Outcome<T> => {
  try {
    return await work
  } catch (error) {
    // A machine that is too busy for its database gives no answer either.
    if (error instanceof Error && /^(the process died|unavailable: )/.test(error.message)) return null
    throw error
  }
}

const untilSettled = (work: readonly Promise<unknown>[], count: number): Promise<void> =>
  new Promise(resolve => {
    let settled = 0
    const look = () => {
      if (settled >= count) resolve()
      settled += 1
    }
    look()
    for (const each of work) each.then(look, look)
  })

const placeInChain = (envelope: string): string => {
  const { sid, epoch, n } = parseEnvelope(decodeBase64(envelope)).header
  return `${toHex(sid)}/${epoch}/${n}`
}

it('a process that is killed at any moment leaves no half of anything, and what was answered stays true', async () => {
  const alice = await ManagedUser.create(devices, { prekeys: 1 })
  const bob = await EndToEnd.create(devices.algorithms)
  await bob.start(alice, alice.bundle())
  const [opening] = (await bob.text(alice, 'go')).envelopes
  alice.deliver({
    messageId: newId(),
    senderUserId: bob.userId,
    senderDeviceId: bob.deviceId,
    envelope: opening ?? '',
    body: null,
    isNote: false,
  })
  await alice.read([bob])

  const heard: (string | null)[] = []
  const places = new Map<string, string>()
  const prekeyIds = new Set<string>()
  let answered = 0
  let wanted = 0

  /** Runs an order again, after the kill: an answer that was given before is given again. */
  const again = async <T>(before: T | null, repeat: () => Promise<T>): Promise<T> => {
    wanted += 1
    const after = await repeat()
    if (before === null) return after
    answered += 1
    expect(after).toEqual(before)
    return after
  }

  const killDuring = async (child: DeviceProcess, round: number): Promise<void> => {
    const asks = await EndToEnd.create(devices.algorithms)
    const [userId, request] = [newId(), await asks.request(alice.userId)]
    const ensureInput = { unusable_device_ids: [] }
    const answerInput = { request, from_record: asks.recordText() }
    const sealInputs = Array.from({ length: 4 }, (_, index) => alice.sealInput([bob], `text ${round}.${index}`))
    const made = orNothing(child.run(userId, 'ensure_device', ensureInput))
    const sealed = sealInputs.map(input => orNothing(child.run(alice.userId, 'seal', input)))
    const response = orNothing(child.run(alice.userId, 'answer_request', answerInput))
    const prekeys = orNothing(child.run(alice.userId, 'make_prekeys', { one_time: 2, last_resort: false }))
    // Behind none to all of the answers, and a few milliseconds more: anywhere within the next work.
    await untilSettled([made, ...sealed, response, prekeys], round % 8)
    await new Promise(resolve => setTimeout(resolve, (round * 7) % 23))
    await child.kill()

    await openEveryRow(devices, [alice.userId, userId])
    for (const [index, input] of sealInputs.entries()) {
      const { sends } = await again((await sealed[index]) ?? null, () => devices.run(alice.userId, 'seal', input))
      for (const envelope of sends.flatMap(send => send.envelopes)) {
        places.set(placeInChain(envelope), envelope)
        heard.push((await bob.open(envelope)).text)
      }
    }
    const answer = await again(await response, () => devices.run(alice.userId, 'answer_request', answerInput))
    await asks.complete(answer.response)
    const [send] = await alice.text([asks], 'you asked')
    expect((await asks.open(send?.envelopes[0] ?? '')).text).toBe('you asked')
    const first = await made
    const second = await devices.run(userId, 'ensure_device', ensureInput)
    if (first) expect([second.device_id, second.is_new]).toEqual([first.device_id, false])
    expect(decodeDeviceRecord(decodeBase64(second.device_record)).managed).toBe(true)
    for (const prekey of (await prekeys)?.prekeys ?? []) {
      expect(prekeyIds.has(prekey)).toBe(false)
      prekeyIds.add(prekey)
    }
  }

  let next = startDeviceProcess(devices.databaseUrl)
  for (let round = 0; round < kills; round += 1) {
    const child = await next
    if (round + 1 < kills) next = startDeviceProcess(devices.databaseUrl)
    await killDuring(child, round)
  }

  const texts = Array.from({ length: kills }, (_, round) => [0, 1, 2, 3].map(index => `text ${round}.${index}`)).flat()
  expect(heard).toEqual(texts)
  expect(places.size).toBe(texts.length)
  // Kills came before, between and behind the answers, or this has shown nothing.
  expect(answered).toBeGreaterThan(0)
  expect(answered).toBeLessThan(wanted)
  expect(await openEveryRow(devices)).toBeGreaterThan(kills * 5)
}, 600_000)
