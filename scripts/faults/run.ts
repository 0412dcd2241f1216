// npm run test:faults: people talk over two message pods while one part after the other is killed or stands still. What they
// wrote down is held against the promises of delivery. FAULTS=0.1 does a tenth, FAULTS_ONLY=redis,auth some. Ends with 1 where a promise is broken.
import { setTimeout as sleep } from 'node:timers/promises'
import { faultKinds as kinds } from '../../tests/history/checker.js'
import { hasReplicas, type Replicas, startReplicas } from '../../tests/support/replicas.js'
import { startFaultyReplicas } from './control.js'
import { canMount, fullDisk, mountSmallDisk } from './disk-fault.js'
import type { Fault } from './fault.js'
import { faults, killsAtPoints, networkFaults } from './faults.js'
import { judge } from './judge.js'
import { startTalk } from './people.js'
import { races } from './races.js'
import { startSlowProxy } from './slow-proxy.js'

const share = Number(process.env.FAULTS ?? 1)
/** Parts of the names of what is to be run, with commas between; all where left out. */
const only = process.env.FAULTS_ONLY?.split(',') ?? ['']
const isWanted = ({ name }: { readonly name: string }) => only.some(part => name.includes(part))
const people = Number(process.env.FAULTS_PEOPLE ?? 20)
const maxPauseMs = 1_000
const say = (text: string) => console.error(`${new Date().toISOString().slice(11, 19)}  ${text}`)

if (!hasReplicas) {
  console.error('not run: redis-server and haproxy are needed (apt-get install redis-server haproxy)')
  process.exit(1)
}

const rows: string[] = []
const raceRows: string[] = []
let isBroken = false

/** People talk while each fault happens in its turn; a row of the table for each. */
const runEach = async <R>(
  faults: readonly Fault<R>[],
  faulty: R,
  replicas: Replicas,
  url = replicas.url,
): Promise<void> => {
  for (const fault of faults.filter(isWanted)) {
    const times = Math.max(1, Math.round(fault.times * share))
    const talk = await startTalk(url, people)
    for (let time = 1; time <= times; time += 1) {
      await fault.act(faulty)
      await sleep(maxPauseMs * Math.random())
      if (time % 10 === 0 || time === times) say(`${fault.name}: ${time} of ${times}`)
    }
    const { verdict, acknowledged } = await judge(talk, replicas)
    const counts = kinds.map(kind => verdict[kind].length)
    if (acknowledged === 0 || counts.some(count => count > 0)) isBroken = true
    rows.push(`| ${[fault.name, times, acknowledged, ...counts].join(' | ')} |`)
    say(rows.at(-1) as string)
    for (const kind of kinds) if (verdict[kind].length > 0) say(`${kind}: ${verdict[kind].slice(0, 5).join('; ')}`)
    await talk.close()
  }
}

const replicas = await startReplicas({ script: 'faults/replicas.mjs' })
try {
  await runEach(faults, replicas, replicas)
  const proxy = await startSlowProxy(replicas.url)
  await runEach(networkFaults, proxy, replicas, proxy.url)
  await proxy.close()
  for (const race of races.filter(isWanted)) {
    const times = Math.max(10, Math.round(race.times * share))
    say(`${race.name}: ${times} times`)
    const broken = await race.run(replicas, times)
    if (broken.length > 0) isBroken = true
    raceRows.push(`| ${race.name} | ${times} | ${broken.length} |`)
    say(raceRows.at(-1) as string)
    for (const text of broken.slice(0, 5)) say(text)
  }
} finally {
  await replicas.stop()
}
if (canMount) {
  const disk = mountSmallDisk()
  const onDisk = await startReplicas({ script: 'faults/replicas.mjs', folder: disk.folder })
  try {
    await runEach([fullDisk(disk)], onDisk, onDisk)
  } finally {
    await onDisk.stop()
    disk.remove()
  }
} else {
  say('a full disk: not run, for only root can mount a small one')
}
const faulty = await startFaultyReplicas()
try {
  await runEach(killsAtPoints, faulty, faulty.replicas)
} finally {
  await faulty.stop()
}
console.log(`| fault | times | messages | ${kinds.join(' | ')} |\n|---|---|---|${'---|'.repeat(kinds.length)}`)
console.log(rows.join('\n'))
console.log(`\n| race | times | promises broken |\n|---|---|---|\n${raceRows.join('\n')}`)
process.exitCode = isBroken ? 1 : 0
