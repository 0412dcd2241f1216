import { setTimeout as sleep } from 'node:timers/promises'
import { startReplicas } from '../../../tests/support/replicas.js'
import { cpuUse, since } from '../crowd/cpu-time.js'
import { makeCrowd } from '../crowd/crowd.js'
import { prepareConnecting } from '../peers/prepare-connecting.js'
import { type IdleDevice, missMessages } from '../realtime/idle-devices.js'
import { openAll } from '../realtime/reconnecting.js'
import { makeRing } from '../realtime/ring.js'
import type { Bench, Prepared } from './bench.js'

const pod = 'message-1'
const count = 2_000
const atOnce = 32
const missed = 5
const awayMs = 2_000
/** A server that was just started compiles its own program for so many connects: it uses twice the CPU time for the first 2 000. */
const warm = 3 * count
const [connects, resumed] = ['connects', 'until all have resumed'] as const

const prepare: Bench['prepare'] = async (setting): Promise<Prepared> => {
  const replicas = await startReplicas({ args: ['--message-pods', '1'] })
  try {
    const { url } = replicas.service(pod)
    const ring = await makeRing(replicas.url, [url], 2, 'lender')
    ring.close()
    const crowd = await makeCrowd(replicas, [url], count)
    const devices = crowd.devices(count)
    const received = new Map<IdleDevice, number>()
    const perSecondOf = (usEach: number) => 1e6 / usEach
    const connecting = { count, heldMs: 5_000, warm }
    const others = await prepareConnecting(setting, { 'socket.io': 'socketio' }, connecting, sample => ({
      [connects]: perSecondOf(sample.server_us_per_op),
    }))
    /** A pod that has rested while the others were measured gives young memory back and compiles again: none is measured from rest. */
    const wake = async () => {
      const first = await openAll(url, devices, atOnce, received)
      first.cut()
      await sleep(awayMs)
    }
    const measure = async () => {
      await wake()
      const before = cpuUse(replicas, [pod])
      const storm = await openAll(url, devices, atOnce, received)
      const { podsUs, redisUs, postgresUs } = since(before, cpuUse(replicas, [pod]))
      storm.cut()
      try {
        await sleep(awayMs)
        await missMessages(replicas, devices, missed)
        const { caughtUpMs, lost, doubled } = await storm.comeBack(missed)
        if (lost + doubled > 0) throw new Error(`${lost} entries were lost, ${doubled} came twice`)
        return {
          [connects]: perSecondOf((podsUs + redisUs + postgresUs) / count),
          [resumed]: Math.max(...caughtUpMs) / 1_000,
        }
      } finally {
        storm.cut()
        await sleep(awayMs)
      }
    }
    return {
      contenders: [{ name: 'qsm', measure }, ...others.contenders],
      notRun: others.notRun,
      async stop() {
        await others.stop()
        await replicas.stop()
      },
    }
  } catch (error) {
    await replicas.stop()
    throw error
  }
}

/** What it costs when all come at once, and how soon they are back after a cut. */
export const bench: Bench = {
  id: 'B6',
  title: 'Connect storm',
  about: `${count} authenticated sockets of as many users' devices are opened at one message pod, ${atOnce} at a time: connects for each second of CPU of the pod, Redis and PostgreSQL. Then all are cut, each misses ${missed} messages, and all come back at once as the client does, with its random waits: seconds until the last has all that it missed. An entry that is lost or comes twice over one socket voids the sample. Of socket.io all processes are counted, opened as many at a time by a generator that is not Node. QSM runs on, has had ${warm + count} connects before the first sample that counts, and gets ${count} just before each; socket.io is started afresh for each and gets ${warm} before.`,
  metrics: [
    { name: connects, unit: 'per CPU s', better: 'higher', gates: { 'socket.io': 2 } },
    { name: resumed, unit: 's', better: 'lower', limit: 5 },
  ],
  prepare,
}
