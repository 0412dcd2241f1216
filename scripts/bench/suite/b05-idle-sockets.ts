import { setTimeout as sleep } from 'node:timers/promises'
import { startReplicas } from '../../../tests/support/replicas.js'
import { makeCrowd } from '../crowd/crowd.js'
import { prepareConnecting } from '../peers/prepare-connecting.js'
import { makeRing } from '../realtime/ring.js'
import { anonymousKib } from './b05-idle-sockets/anonymous-memory.js'
import type { Bench, Prepared } from './bench.js'

const pod = 'message-1'
/** What a start leaves behind and the growth of the heap at first are not counted. */
const warm = 500
const few = 2_000
const many = 9_000
/** Pings, six polls of the mailboxes and, after some 35 s, a full collection by V8 fall into it: then a socket is idle. */
const settleMs = 60_000
const metricOf = (count: number) => `memory of a socket, ${count} sockets`
const peers = { 'socket.io': 'socketio', nats: 'nats', centrifuge: 'centrifuge', ejabberd: 'ejabberd' }

/** A process that gave back more than its sockets took shows nothing of them. */
const grownKib = (kib: number): number => {
  if (kib <= 0) throw new Error('the process gave memory back meanwhile, which is no figure of its sockets')
  return kib
}

const prepare: Bench['prepare'] = async (setting): Promise<Prepared> => {
  const replicas = await startReplicas({ args: ['--message-pods', '1'] })
  let crowd: Awaited<ReturnType<typeof makeCrowd>>
  let others: Prepared
  try {
    const { url } = replicas.service(pod)
    // Their devices lend the crowd a record.
    const ring = await makeRing(replicas.url, [url], 2, 'lender')
    ring.close()
    crowd = await makeCrowd(replicas, [url], many)
    others = await prepareConnecting(
      setting,
      peers,
      { count: few, heldMs: settleMs, warm },
      ({ kib_per_socket: kib }) => ({
        [metricOf(few)]: grownKib(kib ?? Number.NaN),
      }),
    )
  } catch (error) {
    await replicas.stop()
    throw error
  }
  const measure = async () => {
    await crowd.resize(0)
    await replicas.kill(pod, 'SIGTERM')
    const { pid } = replicas.service(pod)
    await crowd.resize(warm)
    await sleep(settleMs)
    const before = anonymousKib(pid)
    const values: Record<string, number> = {}
    for (const count of [few, many]) {
      await crowd.resize(count)
      await sleep(settleMs)
      crowd.check()
      values[metricOf(count)] = grownKib((anonymousKib(pid) - before) / (count - warm))
    }
    await crowd.resize(0)
    return values
  }
  return {
    contenders: [{ name: 'qsm', measure }, ...others.contenders],
    notRun: others.notRun,
    async stop() {
      await crowd.resize(0)
      await others.stop()
      await replicas.stop()
    },
  }
}

/** What a socket costs over which nothing goes. */
export const bench: Bench = {
  id: 'B5',
  title: 'Idle sockets',
  about: `Resident anonymous memory of the server for each authenticated socket that is added to ${warm} of a server just started, after ${settleMs / 1_000} s of rest. QSM: one message pod, each socket that of another user's device, with its mailbox, presence and heartbeat; users are rows put in by SQL, their tokens are signed by the bench. The others are opened by one generator that is not Node, after ${warm} have come and gone and the system has rested as long; all their processes are counted; memory of the kernel is not.`,
  metrics: [
    { name: metricOf(few), unit: 'KiB', better: 'lower', gates: { 'socket.io': 1 / 0.35, nats: 4 }, limit: 6 },
    { name: metricOf(many), unit: 'KiB', better: 'lower', limit: 6 },
  ],
  prepare,
}
