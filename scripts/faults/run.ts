// npm run test:faults: people talk over two message pods while one part after the other is killed or stands still. What they
// wrote down is held against the promises of delivery. FAULTS=0.1 does a tenth. Ends with 1 where a promise is broken.
import { setTimeout as sleep } from 'node:timers/promises'
import { faultKinds as kinds } from '../../tests/history/checker.js'
import { hasReplicas, type Replicas, startReplicas } from '../../tests/support/replicas.js'
import { startFaultyReplicas } from './control.js'
import { type Fault, faults, killsAtPoints } from './faults.js'
import { judge } from './judge.js'
import { startTalk } from './people.js'

const share = Number(process.env.FAULTS ?? 1)
const people = Number(process.env.FAULTS_PEOPLE ?? 20)
const maxPauseMs = 1_000
const say = (text: string) => console.error(`${new Date().toISOString().slice(11, 19)}  ${text}`)

if (!hasReplicas) {
  console.error('not run: redis-server and haproxy are needed (apt-get install redis-server haproxy)')
  process.exit(1)
}

const rows: string[] = []
let isBroken = false

/** People talk while each fault happens in its turn; a row of the table for each. */
const runEach = async <R>(faults: readonly Fault<R>[], faulty: R, replicas: Replicas): Promise<void> => {
  for (const fault of faults) {
    const times = Math.max(1, Math.round(fault.times * share))
    const talk = await startTalk(replicas.url, people)
    for (let time = 1; time <= times; time += 1) {
      await fault.act(faulty)
      await sleep(maxPauseMs * Math.random())
      if (time % 10 === 0 || time === times) say(`${fault.name}: ${time} of ${times}`)
    }
    const { verdict, acknowledged } = await judge(talk, replicas)
    const counts = kinds.map(kind => verdict[kind].length)
    if (acknowledged === 0 || counts.some(count => count > 0)) isBroken = true
    rows.push(`| ${[fault.name, times, acknowledged, ...counts].join(' | ')} |`)
    for (const kind of kinds) if (verdict[kind].length > 0) say(`${kind}: ${verdict[kind].slice(0, 5).join('; ')}`)
    await talk.close()
  }
}

const replicas = await startReplicas({ script: 'faults/replicas.mjs' })
try {
  await runEach(faults, replicas, replicas)
} finally {
  await replicas.stop()
}
const faulty = await startFaultyReplicas()
try {
  await runEach(killsAtPoints, faulty, faulty.replicas)
} finally {
  await faulty.stop()
}
console.log(`| fault | times | messages | ${kinds.join(' | ')} |\n|---|---|---|${'---|'.repeat(kinds.length)}`)
console.log(rows.join('\n'))
process.exitCode = isBroken ? 1 : 0
