import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { untilResting, whileOthersHoldStill } from '../../scripts/bench/peers/hold-still.js'

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGTERM')
})

/** A program that starts another one, and both of their ids once they run. */
const startPair = async (script: string): Promise<readonly [number, number]> => {
  const child = spawn(process.execPath, [
    '-e',
    `const inner = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(script)}])
     inner.once('spawn', () => console.log(inner.pid)); process.once('exit', () => inner.kill('SIGKILL')); process.once('SIGTERM', () => process.exit())`,
  ])
  running.push(child)
  const [said] = await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  return [child.pid as number, Number(said)]
}
/** One letter: "T" is stopped. */
const stateOf = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2)[0] as string
}
const targetOf = (...pids: readonly number[]) => ({ pids: () => pids })

test('other systems stand still with all their processes while one is measured, also where that fails; what they share runs on', async () => {
  const [own, other, shared] = [
    await startPair('setInterval(() => {}, 50)'),
    await startPair('setInterval(() => {}, 50)'),
    await startPair('setInterval(() => {}, 50)'),
  ]
  const [target, rest] = [targetOf(own[0], shared[0]), targetOf(other[0], shared[0])]
  const states = () => [own, other, shared].map(pair => pair.map(pid => stateOf(pid) === 'T'))
  const moving = [false, false]
  await whileOthersHoldStill(target, [rest], () => expect.poll(states).toEqual([moving, [true, true], moving]))
  await expect.poll(states).toEqual([moving, moving, moving])
  const failing = whileOthersHoldStill(target, [rest], async () => {
    throw new Error('a message was lost')
  })
  await expect(failing).rejects.toThrow('a message was lost')
  await expect.poll(states).toEqual([moving, moving, moving])
})

test('a system that still works is waited for until it rests', async () => {
  const [, busy] = await startPair('for (;;);')
  const resting = untilResting(targetOf(busy)).then(() => 'rests')
  expect(await Promise.race([resting, sleep(1_200, 'works')])).toBe('works')
  process.kill(busy, 'SIGKILL')
  expect(await resting).toBe('rests')
})
