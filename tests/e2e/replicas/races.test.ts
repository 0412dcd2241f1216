import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judge } from '../../../scripts/faults/judge.js'
import { startTalk } from '../../../scripts/faults/people.js'
import { races } from '../../../scripts/faults/races.js'
import { redisFaults } from '../../../scripts/faults/redis-faults.js'
import { faultKinds } from '../../history/checker.js'
import { hasReplicas, type Replicas, startReplicas } from '../../support/replicas.js'

const raceTimes = 100

const title = hasReplicas ? 'two message pods' : 'two message pods: not run, redis-server or haproxy is not here'

describe.skipIf(!hasReplicas)(title, { timeout: 120_000 }, () => {
  let replicas: Replicas
  beforeAll(async () => {
    replicas = await startReplicas({ script: 'faults/replicas.mjs' })
  }, 120_000)
  afterAll(() => replicas.stop())

  it.each(races.map(race => [race.name, race] as const))('keep their promises under %s', async (_name, race) => {
    expect(await race.run(replicas, raceTimes)).toEqual([])
  })

  it.each(redisFaults.map(fault => [fault.name, fault] as const))('lose nothing by %s', async (_name, fault) => {
    const talk = await startTalk(replicas.url, 4)
    await fault.act(replicas)
    const { verdict, acknowledged } = await judge(talk, replicas)
    await talk.close()
    expect(acknowledged).toBeGreaterThan(0)
    expect(faultKinds.filter(kind => verdict[kind].length > 0)).toEqual([])
  })
})
