import { command, helm, kubectl, namespace, type Proof, release, say, until } from './proof.js'
import { type Component, components, deployment, installRelease, podsOf, rolledOut } from './release.js'

/** What a cluster does to a release while people talk. */
export interface Disturbance {
  readonly name: string
  /** Whether there must be an image of the next version. */
  readonly needsNext?: true
  act(proof: Proof): Promise<void>
}

const killPod = (component: Component): Disturbance => ({
  name: `a pod of ${component} is killed`,
  async act() {
    const [victim] = await podsOf(component)
    if (!victim) throw new Error(`no pod of ${component} runs`)
    await kubectl('delete', victim, '--grace-period=0', '--force')
    await rolledOut(component)
  },
})

const allRolledOut = async () => {
  for (const component of components) await rolledOut(component)
}

const rollingRestart: Disturbance = {
  name: 'a rolling restart of everything',
  async act() {
    await kubectl('rollout', 'restart', ...components.map(deployment))
    await allRolledOut()
  },
}

const upgrade: Disturbance = {
  name: 'helm upgrade to the next version, with a migration',
  needsNext: true,
  async act(proof) {
    if (!proof.next) throw new Error('there is no image of the next version')
    await installRelease({ ...proof, image: proof.next })
  },
}

const rollback: Disturbance = {
  name: 'helm rollback to the version before',
  needsNext: true,
  async act() {
    await helm(['rollback', release, '--wait', '--timeout', '300s'], { timeoutMs: 330_000 })
    await allRolledOut()
  },
}

/** With one node, budgets hold the last pod of each component until the node takes pods again. */
const drain: Disturbance = {
  name: 'a drain of the node, then uncordon',
  async act() {
    const node = (await command('kubectl', ['get', 'nodes', '--output', 'name'])).trim().split('\n')[0] as string
    try {
      await command(
        'kubectl',
        [
          ...['drain', node.replace('node/', ''), '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=25s'],
          ...['--pod-selector', `app.kubernetes.io/instance=${release},app.kubernetes.io/name=qsm`],
        ],
        { mayFail: true },
      )
      for (const component of components) {
        if ((await podsOf(component)).length === 0) throw new Error(`the drain took the last pod of ${component}`)
      }
    } finally {
      await command('kubectl', ['uncordon', node.replace('node/', '')])
    }
    await allRolledOut()
  },
}

const restart = (what: string, kind: string, selector: string): Disturbance => ({
  name: `the pod of ${what} is deleted`,
  async act() {
    await kubectl('delete', 'pod', '--selector', selector, '--wait=true')
    await kubectl('rollout', 'status', kind, '--timeout=120s')
    await until(`${what} answers to the pods again`, async () => {
      const answer = await kubectl(
        'get',
        'pods',
        '--selector',
        `app.kubernetes.io/instance=${release}`,
        '--output',
        'json',
      )
      const pods = (
        JSON.parse(answer) as {
          items: {
            status: { conditions?: { type: string; status: string }[] }
            metadata: { labels: Record<string, string> }
          }[]
        }
      ).items
      return pods
        .filter(pod => components.includes(pod.metadata.labels['app.kubernetes.io/component'] as Component))
        .every(pod => pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'))
    })
  },
})

/** In the order in which they are tried: the next version is there only between its upgrade and its rollback. */
export const disturbances: readonly Disturbance[] = [
  ...components.map(killPod),
  rollingRestart,
  upgrade,
  rollback,
  drain,
  restart('Redis', 'deployment/redis', 'app=redis'),
  restart('PostgreSQL', 'statefulset/postgres', 'app=postgres'),
]

/** Told where a run stops, so that what stands in the namespace can be looked at. */
export const whereToLook = (): void => say(`look: kubectl --namespace ${namespace} get pods,events`)
