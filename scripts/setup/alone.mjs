import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { beginOf } from './process-begin.mjs'
import { say } from './step.mjs'

/** Number and begin of the process that holds the lock, in one line; empty where nobody has written it. */
const holderOf = file => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const numberOf = holder => Number(holder.split(' ', 1)[0])

/** Its number may be another's by now, after a start of the machine or of the container even our own. */
const isAlive = holder => {
  const pid = numberOf(holder)
  return pid > 0 && holder === `${pid} ${beginOf(pid)}`
}

/** Runs `work` while no other process does work under the same lock file; waits for one that does. */
export const alone = async (file, work) => {
  for (let told = false; ; told = true) {
    try {
      writeFileSync(file, `${process.pid} ${beginOf(process.pid)}`, { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = holderOf(file)
    if (!told) say(`process ${numberOf(holder)} is setting up here; waiting for it`)
    await wait(200)
    // Its text is written a moment after the file is made, so an empty one is looked at twice.
    if (holderOf(file) === holder && !isAlive(holder)) rmSync(file, { force: true })
  }
  const release = () => rmSync(file, { force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}
