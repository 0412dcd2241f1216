import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FaultyReplicas, startFaultyReplicas } from '../../scripts/faults/control.js'
import { judge } from '../../scripts/faults/judge.js'
import { startTalk } from '../../scripts/faults/people.js'
import { makeTestBuild, patch } from '../../scripts/faults/test-build/build.mjs'
import { bugs, points } from '../../scripts/faults/test-build/planted.mjs'
import { hasReplicas } from '../support/replicas.js'
import { faultKinds, type Verdict } from './checker.js'

const root = join(import.meta.dirname, '../..')
const people = 6
/** Longer than the 10 s in which a pod looks for what nobody has told it. */
const patienceMs = 12_000

/** All that was built of a folder, as one text. */
const builtTextOf = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.[cm]?js$/.test(name))
    .map(name => readFileSync(join(folder, name), 'utf8'))
    .join('\n')

describe('the test build of the message pod', () => {
  const names = [...points, ...bugs, 'QSM_TEST_CONTROL', 'SIGKILL', 'planted.mjs']
  // PostgreSQL beside a server alone is ended outright where it does not end by itself.
  const used = { standalone: ['SIGKILL'] } as Readonly<Record<string, readonly string[]>>

  test('has the points and the bugs', () => {
    const built = builtTextOf(makeTestBuild())
    for (const name of names) expect(built, name).toContain(name)
  })

  test('is the only one that has them', () => {
    for (const parent of ['services', 'packages']) {
      for (const name of readdirSync(join(root, parent))) {
        const built = builtTextOf(join(root, parent, name, 'dist'))
        expect(built.length, name).toBeGreaterThan(0)
        const found = names.filter(word => built.includes(word) && !used[name]?.includes(word))
        expect(found, name).toEqual([])
      }
    }
  })

  test('is not made of a source that a patch does not fit any more', () => {
    const changes = [{ find: 'b', replace: 'x' }]
    expect(patch('a.ts', 'abc', changes)).toBe('axc')
    expect(() => patch('a.ts', 'ac', changes)).toThrow(/a\.ts: this stands there nowhere/)
    expect(() => patch('a.ts', 'abcb', changes)).toThrow(/more than once/)
  })
})

const title = hasReplicas
  ? 'bugs in a message pod'
  : 'bugs in a message pod: not run, redis-server or haproxy is not here'

describe.skipIf(!hasReplicas)(title, () => {
  let faulty: FaultyReplicas
  beforeAll(async () => {
    faulty = await startFaultyReplicas()
  })
  afterAll(async () => {
    expect(await faulty.stop()).toBe(0)
  })

  /** People talk while something happens; which kinds of faults the checker finds. */
  const kindsOf = async (bug: string | null, disturb: () => Promise<void>): Promise<readonly (keyof Verdict)[]> => {
    await faulty.plant(bug)
    const talk = await startTalk(faulty.replicas.url, people)
    try {
      await sleep(1_000)
      await disturb()
      await sleep(1_000)
      const { verdict, acknowledged } = await judge(talk, faulty.replicas, patienceMs)
      expect(acknowledged).toBeGreaterThan(50)
      return faultKinds.filter(kind => verdict[kind].length > 0)
    } finally {
      await talk.close()
    }
  }
  const { killPods, killRedis, killBeforeAnswers, nothing } = {
    nothing: async () => {},
    // Redis is back within a second: one time alone may fall between two messages.
    killRedis: async () => {
      for (let count = 0; count < 4; count += 1) await faulty.replicas.kill('redis')
    },
    killPods: async () => {
      for (const name of ['message-1', 'message-2']) await faulty.replicas.kill(name)
    },
    killBeforeAnswers: async () => {
      for (let count = 0; count < 2; count += 1) await faulty.killAt('after-commit', 3)
    },
  }

  test('finds nothing where there is no bug', async () => {
    const disturb = async () => {
      await killPods()
      await killRedis()
      await killBeforeAnswers()
    }
    expect(await kindsOf(null, disturb)).toEqual([])
  })

  test.each<[string, () => Promise<void>, readonly (keyof Verdict)[]]>([
    ['acknowledge-before-commit', killPods, ['lost', 'acknowledgedEarly']],
    ['no-dedupe', killBeforeAnswers, ['doubled']],
    ['max-id-cursor', nothing, ['lost', 'reordered', 'gaps']],
    ['redis-only', killRedis, ['lost', 'gaps']],
    ['restart-without-cursor', killPods, ['lost', 'gaps']],
  ])('finds %s', async (bug, disturb, kinds) => {
    expect(await kindsOf(bug, disturb)).toEqual(expect.arrayContaining([...kinds]))
  })
})
