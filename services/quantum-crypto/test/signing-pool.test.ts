import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createMetrics, QsmError } from '@qsm/server-kit'
import { loadPostQuantum } from '@qsm/wasm'
import { afterEach, describe, expect, it } from 'vitest'
import { silentLog } from '../../../tests/support/silent-log.js'
import { createSigningPool, type SigningPool, type SigningPoolOptions } from '../src/signing/signing-pool.js'

const { signer: verifier } = await loadPostQuantum()
const pools: SigningPool[] = []
const start = async (more: Partial<SigningPoolOptions> = {}) => {
  const metrics = createMetrics()
  const pool = await createSigningPool({ verifier, threads: 1, maxWaiting: 100, log: silentLog, metrics, ...more })
  pools.push(pool)
  return { pool, signer: pool.signer, metrics }
}
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close()
})

const message = new TextEncoder().encode('a message')

describe('a signing pool', () => {
  it('makes key pairs and signatures that hold, and leaves key and message of its caller as they are', async () => {
    const { signer } = await start()
    const { publicKey, secretKey } = await signer.generateKeyPair()
    expect([publicKey.length, secretKey.length]).toEqual([897, 1281])
    const [key, text] = [secretKey.slice(), message.slice()]
    const signature = await signer.sign(secretKey, message)
    expect(signature).toHaveLength(666)
    expect([secretKey, message]).toEqual([key, text])
    expect(await verifier.verify(publicKey, message, signature)).toBe(true)
    expect(await signer.verify(publicKey, message, signature)).toBe(true)
    expect(await signer.sign(secretKey, message)).not.toEqual(signature)
  })

  it('hands on why a key or a message cannot be used, and goes on', async () => {
    const { signer } = await start()
    const { secretKey } = await signer.generateKeyPair()
    await expect(signer.sign(secretKey.slice(1), message)).rejects.toThrow('secretKey must be 1281 bytes')
    await expect(signer.sign(secretKey.with(0, 0), message)).rejects.toThrow('secretKey is not valid')
    await expect(signer.sign(secretKey, new Uint8Array(262_145))).rejects.toThrow('at most 262144')
    expect(await signer.sign(secretKey, message)).toHaveLength(666)
  })

  it('refuses with a time to wait what comes while its queue is full, and does all that it has taken', async () => {
    const { pool, signer, metrics } = await start({ maxWaiting: 5 })
    const { publicKey, secretKey } = await signer.generateKeyPair()
    const results = Promise.allSettled(Array.from({ length: 30 }, async () => signer.sign(secretKey, message)))
    expect(pool.waiting).toBe(5)
    expect((await metrics.text()).body).toContain('qsm_crypto_signing_waiting 5')
    const done: Uint8Array[] = []
    for (const result of await results) {
      if (result.status === 'fulfilled') done.push(result.value)
      else expect(result.reason).toMatchObject({ code: 'unavailable', retryAfterSeconds: 1 })
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(QsmError)
    }
    expect(done).toHaveLength(6)
    for (const signature of done) expect(await verifier.verify(publicKey, message, signature)).toBe(true)
    expect(pool.waiting).toBe(0)
    expect(await signer.sign(secretKey, message)).toHaveLength(666)
  })

  it('replaces its threads after so many tasks, and loses none', async () => {
    const { signer, metrics } = await start({ recycle: { tasks: 10, everyMs: 3_600_000 } })
    const { publicKey, secretKey } = await signer.generateKeyPair()
    for (let round = 0; round < 5; round += 1) {
      const signatures = await Promise.all(Array.from({ length: 15 }, () => signer.sign(secretKey, message)))
      for (const signature of signatures) expect(await verifier.verify(publicKey, message, signature)).toBe(true)
    }
    // New threads prove themselves first, which takes its time on a busy machine.
    while (!/qsm_crypto_signing_recycles_total [1-9]/.test((await metrics.text()).body)) await sleep(20)
  })

  it('replaces its threads after some time in which there was a task, and rests without', async () => {
    const { signer, metrics } = await start({ recycle: { tasks: 1_000, everyMs: 50 } })
    const recycles = async () =>
      Number(/qsm_crypto_signing_recycles_total (\d+)/.exec((await metrics.text()).body)?.[1] ?? 0)
    await sleep(200)
    expect(await recycles()).toBe(0)
    await signer.generateKeyPair()
    while ((await recycles()) === 0) await sleep(20)
    const after = await recycles()
    await sleep(200)
    expect(await recycles()).toBe(after)
  })

  it('does what it has taken before it closes', async () => {
    const { pool, signer } = await start()
    const { secretKey } = await signer.generateKeyPair()
    const signing = Promise.all(Array.from({ length: 20 }, () => signer.sign(secretKey, message)))
    await pool.close()
    expect(await signing).toHaveLength(20)
  })

  it('does not start with a worker that cannot work', async () => {
    const worker = new URL('./fixtures/failing-worker.mjs', import.meta.url)
    await expect(start({ worker })).rejects.toThrow('the self-test of this worker failed')
  })
})

describe('the event loop', () => {
  /** The longest of a hundred delays but one, in ms, while `work` goes on. */
  const delayDuring = async (work: () => Promise<unknown>): Promise<number> => {
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    await sleep(20) // It counts from its first turn.
    await work()
    await sleep(20)
    delay.disable()
    return delay.percentile(99) / 1e6
  }

  it('stays free while the pool is saturated with signatures and new keys', async () => {
    const { signer } = await start({ threads: 2, maxWaiting: 1_000 })
    const { secretKey } = await signer.generateKeyPair()
    // What this machine takes away by itself, when other programs use it.
    const idle = await delayDuring(() => sleep(1_000))
    const busy = await delayDuring(async () => {
      // More callers than threads, each with one call after the other: the pool has always something to do.
      const signing = Array.from({ length: 20 }, async () => {
        for (let count = 0; count < 100; count += 1) await signer.sign(secretKey, message)
      })
      const making = Array.from({ length: 20 }, () => signer.generateKeyPair())
      await Promise.all([...signing, ...making])
    })
    expect(busy).toBeLessThan(50 + idle)
    const inThisThread = await delayDuring(async () => {
      // As long as the pool takes at least; a signature is synchronous, so nothing else has its turn.
      const endMs = performance.now() + 500 + 2 * idle
      while (performance.now() < endMs) await verifier.sign(secretKey, message)
    })
    expect(inThisThread).toBeGreaterThan(50 + idle)
  })
})
