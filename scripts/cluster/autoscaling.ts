import { setTimeout as sleep } from 'node:timers/promises'
import { kubectl, type Proof, say, timed, until } from './proof.js'
import { installRelease } from './release.js'

const replicas = async (): Promise<number> =>
  Number(await kubectl('get', 'deployment', 'qsm-message', '--output', 'jsonpath={.status.readyReplicas}')) || 0

const fewest = 'components.message.autoscaling.minReplicas=2,components.message.autoscaling.maxReplicas=4'

/** A release that scales, and what brings it to its most pods: `load` begins it and hands back what ends it. */
export interface Scaling {
  readonly name: string
  readonly values: readonly string[]
  load(): Promise<() => Promise<void>>
}

export const byCpu: Scaling['values'] = [
  `components.message.autoscaling.enabled=true,${fewest}`,
  'components.message.autoscaling.targetCPUUtilizationPercentage=50',
]

export const byConnections: Scaling['values'] = [
  `components.message.autoscaling.enabled=true,${fewest}`,
  'components.message.autoscaling.metric=connections,components.message.autoscaling.targetConnections=10',
]

/** From 2 pods to 4 under load and back without it. Resolves with how long both took. */
export const scaleOutAndIn = async (
  proof: Proof,
  { name, values, load }: Scaling,
): Promise<{ outMs: number; inMs: number }> => {
  await installRelease(proof, values)
  await until('2 pods of message', async () => (await replicas()) === 2)
  let stop = async () => {}
  let outMs: number
  try {
    outMs = await timed(async () => {
      stop = await load()
      await until(`4 pods by ${name}`, async () => (await replicas()) === 4, 240_000)
    })
  } finally {
    await stop()
  }
  say(`${name}: 4 pods after ${(outMs / 1_000).toFixed(0)} s; now without load`)
  const inMs = await timed(() => until(`2 pods without ${name}`, async () => (await replicas()) === 2, 360_000))
  return { outMs, inMs }
}

/** Requests without pause, `atOnce` at a time, until it is stopped. */
export const startRequests = (url: string, atOnce: number): (() => Promise<void>) => {
  let isOver = false
  const asking = Array.from({ length: atOnce }, async () => {
    while (!isOver) {
      await fetch(url, { signal: AbortSignal.timeout(5_000) })
        .then(answer => answer.arrayBuffer())
        .catch(() => sleep(50)) // Load alone: what is lost is judged by the people who talk.
    }
  })
  return async () => {
    isOver = true
    await Promise.all(asking)
  }
}
