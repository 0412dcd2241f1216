import { chart, helm, kubectl, type Proof, release } from './proof.js'

export const components = ['auth', 'message', 'quantum-crypto'] as const
export type Component = (typeof components)[number]

/** An image as values of the chart, for one `--set`. */
export const imageValues = (image: string): string => {
  const [, registry, repository, tag] = /^([^/]+)\/(.+):([^:/]+)$/.exec(image) ?? []
  if (!registry) throw new Error(`${image} is not REGISTRY/REPOSITORY:TAG`)
  return `image.registry=${registry},image.repository=${repository},image.tag=${tag}`
}

/** Values of the proof; what is shorter than in production is named here. */
const valuesOf = ({ host, image }: Pick<Proof, 'host' | 'image'>): readonly string[] => [
  ...[
    imageValues(image),
    `publicUrl=https://${host}`,
    'database.existingSecret.name=db-app',
    'redis.url=redis://default@redis:6379,redis.existingSecret.name=valkey,redis.existingSecret.passwordKey=default',
    'ingress.tls.existingSecret=tls',
    'tests.caConfigMap=ca',
    'tls.requirePostQuantum=true',
    'defaults.minReadySeconds=2,defaults.drainSeconds=10',
    'defaults.autoscaling.scaleDownStabilizationSeconds=15,defaults.autoscaling.scaleDownPeriodSeconds=15',
  ].flatMap(set => ['--set', set]),
]

/** One `helm upgrade --install`; `more` are further values. Resolves when every pod of the new revision is ready. */
export const installRelease = async (proof: Proof, more: readonly string[] = []): Promise<void> => {
  await helm(
    [
      ...['upgrade', '--install', release, chart, '--wait', '--wait-for-jobs', '--timeout', '300s'],
      ...valuesOf(proof),
      ...more.flatMap(set => ['--set', set]),
    ],
    { timeoutMs: 330_000 },
  )
}

export const deployment = (component: Component): string => `deployment/${release}-${component}`

export const rolledOut = async (component: Component): Promise<void> => {
  await kubectl('rollout', 'status', deployment(component), '--timeout=240s')
}

/** Names of the running pods of a component. */
export const podsOf = async (component: string): Promise<readonly string[]> => {
  const selector = `app.kubernetes.io/instance=${release},app.kubernetes.io/component=${component}`
  const names = await kubectl(
    ...['get', 'pods', '--selector', selector, '--field-selector=status.phase=Running', '--output', 'name'],
  )
  return names.split('\n').filter(name => name !== '')
}
