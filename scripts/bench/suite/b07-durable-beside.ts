import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { generatorCore } from '../peers/environment.js'
import type { LoadGenerator, LoadSample, Target } from '../peers/load-generator.js'
import { prepareBeside } from '../peers/prepare-beside.js'
import { cpuOfTree } from '../processes.js'
import { makeRing } from '../realtime/ring.js'
import { makeSenders } from './b07-beside/sealed-sends.js'
import type { Bench, Metric } from './bench.js'

const connections = 32
const seconds = 3
const sendsPerPerson = 400
const deliveriesPerPerson = 120
const times = '-warm 0.5 -time 2.5'
const send = `http -request send -n ${connections} -size 512 ${times}`
/** Of the rate that a system has just shown: what it may be asked for in production. */
const pacedShare = 0.7
/** Who bears less within that share has no rows at this rate. */
const equalPerSecond = 150
/** More than the sends of each person in the time of one run at that rate. */
const equalSendsPerPerson = 20
const deliver = `pairs -n ${connections} -window 1 -size 512 ${times}`
const [sendRate, sendCpu, sendP99] = ['sends by HTTP', 'CPU of a send', 'p99 of a send'] as const
const latencyNames = (when: string) => [`p50 of a send at ${when}`, `p99 of a send at ${when}`] as const
const atEqualRate = latencyNames(`${equalPerSecond}/s`)
const atOwnShare = latencyNames(`${pacedShare * 100} % of the highest rate`)
const [deliverRate, deliverCpu] = ['sent and delivered by socket', 'CPU of a delivery'] as const
const [chat, ejabberd, synapse, fastapi] = ['socket.io + TypeORM save', 'ejabberd', 'synapse', 'fastapi'] as const

const sendValues = ({ requests_per_s, server_us_per_op, latency_ms }: LoadSample) => ({
  [sendRate]: requests_per_s ?? Number.NaN,
  [sendCpu]: server_us_per_op / 1_000,
  [sendP99]: latency_ms?.p99 ?? Number.NaN,
})

/** Sends at a steady pace; latency counts from when each was due. */
const sendPaced = async (
  generator: LoadGenerator,
  target: Target,
  perSecond: number,
  [p50, p99]: readonly [string, string],
) => {
  const { latency_ms } = await generator.measure(`${send} -rate ${perSecond.toFixed(1)}`, target)
  return { [p50]: latency_ms?.p50 ?? Number.NaN, [p99]: latency_ms?.p99 ?? Number.NaN }
}

const sendToOther = async (generator: LoadGenerator, target: Target) => {
  const sent = sendValues(await generator.measure(send, target))
  const most = sent[sendRate] * pacedShare
  const paced = await sendPaced(generator, target, most, atOwnShare)
  return {
    ...sent,
    ...paced,
    ...(most < equalPerSecond ? {} : await sendPaced(generator, target, equalPerSecond, atEqualRate)),
  }
}

/** Lets this process, which is the generator of the sockets of QSM, run on these cores alone. */
const pinSelf = (cores: string) => execFileSync('taskset', ['-acp', cores, String(process.pid)], { stdio: 'ignore' })

/** Durable sends beside whole systems. */
export const bench: Bench = {
  id: 'B7P',
  title: 'Durable sends beside other systems',
  about: `${connections} connections by HTTP, each answered after a flushed commit, as fast as they are answered and then at two steady rates, with the latency from when each was due: ${equalPerSecond}/s, for those whose other rate is no less, and ${pacedShare * 100} % of its own highest, which is other work for each; and ${connections} senders over sockets, each with its next message when the one before has arrived; 512 bytes of text for the others, a sealed envelope of 1.2 KB for QSM, which also verifies both its signatures. CPU of all server processes with PostgreSQL. All servers share one core; those that are not measured stand still, but for QSM. The generator by HTTP is the same for all; by socket QSM's is a Node process, for its clients acknowledge what they get, that of the others is not. Synapse and FastAPI have no row by socket, ejabberd none by HTTP.`,
  metrics: [
    { name: sendRate, unit: '/s', better: 'higher', gates: { [chat]: 8, [synapse]: 50 } },
    { name: sendCpu, unit: 'ms', better: 'lower' },
    { name: sendP99, unit: 'ms', better: 'lower' },
    ...[...atEqualRate, ...atOwnShare].map((name): Metric => ({ name, unit: 'ms', better: 'lower' })),
    { name: deliverRate, unit: '/s', better: 'higher', gates: { [chat]: 8, [ejabberd]: 3 } },
    { name: deliverCpu, unit: 'ms', better: 'lower' },
  ],
  prepare: setting =>
    prepareBeside(setting, {
      peers: { [chat]: 'socketio', [ejabberd]: 'ejabberd', [synapse]: 'synapse', [fastapi]: 'fastapi' },
      async own(qsm, generator) {
        setting.say(`  ${connections} people register and connect in a ring, twice`)
        const sealSends = await makeSenders(qsm.url, connections, sendsPerPerson)
        const ring = await makeRing(qsm.url, [qsm.url], connections, 'ring')
        const cpuMs = () => qsm.pids().reduce((sum, pid) => sum + cpuOfTree(pid), 0)
        return async () => {
          qsm.giveSends(await sealSends())
          const sent = sendValues(await generator.measure(send, qsm))
          if (sent[sendRate] * seconds > connections * sendsPerPerson)
            throw new Error('too few messages were sealed: some were sent twice')
          const more = await sealSends()
          qsm.giveSends(more.slice(0, connections * equalSendsPerPerson))
          const equal = await sendPaced(generator, qsm, equalPerSecond, atEqualRate)
          qsm.giveSends(more.slice(connections * equalSendsPerPerson))
          const paced = { ...equal, ...(await sendPaced(generator, qsm, sent[sendRate] * pacedShare, atOwnShare)) }
          await ring.seal(deliveriesPerPerson)
          pinSelf(generatorCore)
          const before = cpuMs()
          const rate = await ring.closedLoop().finally(() => pinSelf(`0-${cpus().length - 1}`))
          const cpu = (cpuMs() - before) / (connections * deliveriesPerPerson)
          return { ...sent, ...paced, [deliverRate]: rate, [deliverCpu]: cpu }
        }
      },
      async other(peer, generator) {
        const sent = peer.name === 'ejabberd' ? {} : await sendToOther(generator, peer)
        if (peer.name !== 'socketio' && peer.name !== 'ejabberd') return sent
        const { deliveries_per_s, server_us_per_op } = await generator.measure(deliver, peer)
        return { ...sent, [deliverRate]: deliveries_per_s ?? Number.NaN, [deliverCpu]: server_us_per_op / 1_000 }
      },
    }),
}
