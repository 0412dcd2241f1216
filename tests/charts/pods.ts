import type { Fields, KubernetesObject, Rendered } from './rendered.js'

/** The part of a container that the checks look at; PodSpec of core/v1 names the fields. */
export type Container = {
  readonly name: string
  readonly image: string
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[]
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[]
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string>>
    readonly limits?: Readonly<Record<string, string>>
  }
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly hostPort?: number }[]
} & Fields

/** A pod, or the template of one, with what it belongs to. */
export interface Pod {
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: Fields
}

const templateOf = (object: KubernetesObject): KubernetesObject | null => {
  if (object.kind === 'Pod') return object
  if (object.kind === 'CronJob') return object.spec.jobTemplate.spec.template
  return object.spec?.template ?? null
}

/** Every pod that a release may start: of Deployments, StatefulSets, Jobs and tests. */
export const podsOf = ({ objects }: Rendered): readonly Pod[] =>
  objects.flatMap(object => {
    const template = templateOf(object)
    if (!template?.spec?.containers) return []
    const { labels = {}, annotations = {} } = template.metadata
    return [{ owner: `${object.kind}/${object.metadata.name}`, labels, annotations, spec: template.spec }]
  })

export const containersOf = ({ spec }: Pod): readonly Container[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
  ...(spec.ephemeralContainers ?? []),
]

/** Whether labels fit a `matchLabels`. */
export const matches = (
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>>,
): boolean => Object.entries(selector ?? {}).every(([name, value]) => labels[name] === value)
