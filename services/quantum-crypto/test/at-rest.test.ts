import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createDataKey, type DataKeyOwner, openDataKey, rewrapDataKey } from '../src/at-rest/data-key.js'
import { AtRestError } from '../src/at-rest/key-encryption-key.js'
import { createLocalKek } from '../src/at-rest/local-kek.js'

const owner: DataKeyOwner = {
  keyId: '01890a5d-ac96-774b-bcce-b302099a8057',
  userId: '01890a5d-aeea-7c3e-8c1e-0d2f6b1a9c55',
  algorithm: 'Falcon-512',
  purpose: 'rest',
  version: 1,
}
const others: readonly DataKeyOwner[] = [
  { ...owner, keyId: '01890a5d-ac96-774b-bcce-b302099a8058' },
  { ...owner, userId: '01890a5d-aeea-7c3e-8c1e-0d2f6b1a9c56' },
  { ...owner, algorithm: 'ML-KEM-768' },
  { ...owner, purpose: 'device' },
  { ...owner, version: 2 },
]
const kekOf = (...ids: readonly [string, ...string[]]) => {
  const [first, ...rest] = ids.map(id => ({ id, key: new Uint8Array(randomBytes(32)) }))
  if (!first) throw new Error('no key')
  return { keys: [first, ...rest] as const, kek: createLocalKek([first, ...rest]) }
}
const reasonOf = async (work: () => unknown): Promise<string> => {
  try {
    await work()
  } catch (error) {
    if (error instanceof AtRestError) return error.reason
    throw error
  }
  return 'opened'
}

describe('a value under a data key', () => {
  const plaintext = new TextEncoder().encode('a private key')

  it('opens in its place, after the data key was stored and opened again', async () => {
    const { kek } = kekOf('a')
    const { dataKey, stored } = await createDataKey(kek, owner)
    const sealed = dataKey.seal(['peer', 7], plaintext)
    const again = await openDataKey(kek, owner, stored)
    expect(again.open(['peer', 7], sealed)).toEqual(plaintext)
    expect(stored.kekId).toBe('a')
    expect(Buffer.from(sealed).includes(Buffer.from(plaintext))).toBe(false)
  })

  it('opens what was sealed by every version that there was', async () => {
    const wrapped =
      '01e9f92215a6454b0e67ac2e78c94002305a720633da50bbd98d15be15a7c3307f96d2f8a61cdcfe0a81496a89c07de0dbb57a5cb30f1bec757a7b12740bcd04b32b5a995b50a4017c43d59f27dd8e472c'
    const sealed =
      '01fe371f94ad33b5ff4c52a9e336d21a22bd62aa680b812553bd0c5f6211c04c91e828eb43b015c6ec8f044710afcc2770117fa7b4c12adfb792e6a8dc98'
    const kek = createLocalKek([{ id: 'a', key: new Uint8Array(32).fill(7) }])
    const dataKey = await openDataKey(kek, owner, { kekId: 'a', wrapped: Buffer.from(wrapped, 'hex') })
    const opened = dataKey.open(['peer', 'é', 7], Buffer.from(sealed, 'hex'))
    expect(opened).toEqual(plaintext)
    // No Buffer, a slice of which would share its memory.
    expect(opened.constructor).toBe(Uint8Array)
  })

  it('opens in no other place, and with no byte changed or missing', async () => {
    const { dataKey } = await createDataKey(kekOf('a').kek, owner)
    const sealed = dataKey.seal(['peer', 7], plaintext)
    for (const place of [['peer', 8], ['prekey', 7], ['peer7'], ['peer', 7, '']]) {
      expect([place, await reasonOf(() => dataKey.open(place, sealed))]).toEqual([place, 'open_failed'])
    }
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.with(at, (sealed[at] ?? 0) ^ 1)
      expect(await reasonOf(() => dataKey.open(['peer', 7], changed))).toBe(at === 0 ? 'malformed' : 'open_failed')
    }
    for (const length of [0, 1, 33, 48, sealed.length - 1]) {
      expect(await reasonOf(() => dataKey.open(['peer', 7], sealed.subarray(0, length)))).not.toBe('opened')
    }
  })

  it('is sealed otherwise each time', async () => {
    const { dataKey } = await createDataKey(kekOf('a').kek, owner)
    expect(dataKey.seal(['peer', 7], plaintext)).not.toEqual(dataKey.seal(['peer', 7], plaintext))
  })

  it('does not open once the data key was wiped', async () => {
    const { dataKey } = await createDataKey(kekOf('a').kek, owner)
    const sealed = dataKey.seal(['peer', 7], plaintext)
    dataKey.wipe()
    expect(await reasonOf(() => dataKey.open(['peer', 7], sealed))).toBe('open_failed')
  })
})

describe('a wrapped data key', () => {
  it('opens for its owner alone: another key id, user, algorithm, purpose or version is refused', async () => {
    const { kek } = kekOf('a')
    const { stored } = await createDataKey(kek, owner)
    for (const other of others) expect(await reasonOf(() => openDataKey(kek, other, stored))).toBe('unwrap_failed')
  })

  it('of another id of the key-encryption key does not open, and an unknown one is named', async () => {
    const { keys, kek } = kekOf('a', 'b')
    const { stored } = await createDataKey(kek, owner)
    expect(await reasonOf(() => openDataKey(kek, owner, { ...stored, kekId: 'b' }))).toBe('unwrap_failed')
    await expect(openDataKey(createLocalKek([keys[1] ?? keys[0]]), owner, stored)).rejects.toThrow(/"a".*QSM_KEK/)
  })

  it('goes over to a new key-encryption key, and what it sealed still opens', async () => {
    const { keys, kek } = kekOf('old', 'new')
    const { dataKey, stored } = await createDataKey(kek, owner)
    const sealed = dataKey.seal(['x'], new Uint8Array([1, 2, 3]))
    const rotated = createLocalKek([keys[1] ?? keys[0], keys[0]])
    const rewrapped = await rewrapDataKey(rotated, owner, stored)
    expect(rewrapped?.kekId).toBe('new')
    if (!rewrapped) throw new Error('not rewrapped')
    expect(await rewrapDataKey(rotated, owner, rewrapped)).toBeNull()
    const alone = createLocalKek([keys[1] ?? keys[0]])
    expect((await openDataKey(alone, owner, rewrapped)).open(['x'], sealed)).toEqual(new Uint8Array([1, 2, 3]))
  })
})

it('pods with the same keys in another order open what each other wraps, as between two rollouts of a rotation', async () => {
  const { keys, kek: before } = kekOf('k1', 'k2')
  const after = createLocalKek([keys[1] ?? keys[0], keys[0]])
  const wrappedBefore = await createDataKey(before, owner)
  const wrappedAfter = await createDataKey(after, owner)
  expect([wrappedBefore.stored.kekId, wrappedAfter.stored.kekId]).toEqual(['k1', 'k2'])
  expect(await reasonOf(() => openDataKey(after, owner, wrappedBefore.stored))).toBe('opened')
  expect(await reasonOf(() => openDataKey(before, owner, wrappedAfter.stored))).toBe('opened')
  // A pod that was not told of the new key first does not open what the others wrap.
  const unprepared = createLocalKek([keys[0]])
  expect(await reasonOf(() => openDataKey(unprepared, owner, wrappedAfter.stored))).toBe('unknown_kek')
})
